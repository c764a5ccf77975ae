"""Training: one loop, its configuration and run folder; sweeps, reproduced tables and measurements of speed."""

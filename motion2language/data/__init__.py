"""Samples, and where they come from: corpora, labelled clips, stores on disk, composed and synthetic recordings."""

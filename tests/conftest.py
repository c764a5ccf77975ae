"""One torch thread: two on shared cores can be a hundred times slower. No store but where a test names one."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MOTION2LANGUAGE_STORE", "none")

import torch

torch.set_num_threads(1)

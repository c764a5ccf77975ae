"""One torch thread: two on shared cores can be a hundred times slower."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

torch.set_num_threads(1)

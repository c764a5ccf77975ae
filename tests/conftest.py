"""One torch thread: two on shared cores can be a hundred times slower. Stores lie in a folder of the tests' own."""

import os
import tempfile

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="session")
def stores():
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MOTION2LANGUAGE_STORE"] = folder
        yield folder

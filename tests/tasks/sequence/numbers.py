"""Random generators and float64 tensors, short to write."""

import torch
from torch import Tensor


def rng(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def double(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)

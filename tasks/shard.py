"""The shard of a batch that each process computes, so that many processes learn what one would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.functional import pad


@dataclass(frozen=True)
class Shard:
    """The shard of one process: consecutive rows of a batch that all processes have.

    Each process encodes its shard of the pictures and draws its shard of the targets. In between, the feature vectors of all
    pictures are gathered, because a target takes its features from any of them.

    Attributes:
        process: the number of this one (its rank), from 0.
        processes: how many there are (the world size).

    Example:
        >>> Shard(1, 2).of(torch.arange(5))
        tensor([3, 4])
    """

    process: int = 0
    processes: int = 1

    def of(self, rows: Tensor) -> Tensor:
        """This process's shard of rows [n, ...]; no row is in two shards."""
        if self.processes == 1:
            return rows
        size = -(-len(rows) // self.processes)
        return rows[self.process * size : (self.process + 1) * size]

    def padded(self, rows: Tensor) -> Tensor:
        """The same, padded with zeros, because `gather` takes equally many rows from each process."""
        part = self.of(rows)
        missing = -(-len(rows) // self.processes) - len(part)
        return pad(part, (0, 0) * (rows.ndim - 1) + (0, missing)) if missing else part

    def gather(self, part: Tensor, n: int) -> Tensor:
        """The n rows of all processes, [n, ...], of the shards that `padded` gave; gradients flow back to each of them.

        A gradient is summed over the processes. So where each of them computes the loss of its shard, and the gradients of
        weights are then averaged over the processes, as is usual, the weights get the gradient of the mean of the losses.
        """
        return part if self.processes == 1 else _Gather.apply(part, self)[:n]


class _Gather(torch.autograd.Function):
    """Rows of all processes one after the other; backwards, what all processes make of them, summed."""

    @staticmethod
    def forward(ctx: Any, part: Tensor, shard: Shard) -> Tensor:
        ctx.shard = shard
        parts = [torch.empty_like(part, memory_format=torch.contiguous_format) for _ in range(shard.processes)]
        dist.all_gather(parts, part.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (whole,) = gradients
        whole = whole.contiguous()
        dist.all_reduce(whole)
        return ctx.shard.of(whole), None

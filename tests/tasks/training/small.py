"""Runs that take a moment, and encoders that fail when it is time."""

import os
import signal
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from encoders.conv import ConvEncoder
from tasks.symbolic.config import PairedConfig


def config(out: Path, steps: int = 6, **settings: Any) -> PairedConfig:
    """A small network that draws random numbers of its own, and a checkpoint after every step."""
    small = {"batch_size": 32, "dim": 32, "evaluate": 1, "device": "cpu", "checkpoint": 0, "decoder": "conv-small"}
    return PairedConfig(**{**small, "encoder": f"{__name__}:encoder", "out": out, "steps": steps, **settings})


def encoder(image: tuple[int, int, int], features: int, dim: int) -> nn.Module:
    """With dropout, so that training depends on torch's own random generator too."""
    made = ConvEncoder(image, features, dim, channels=(4, 4, 8, 8), hidden=16)
    made.hidden.append(nn.Dropout(0.2))
    return made


class Failing(nn.Module):
    """Something happens in the fourth step."""

    def __init__(self, image: tuple[int, int, int], features: int, dim: int) -> None:
        super().__init__()
        self.encoder, self.steps = encoder(image, features, dim), 0

    def happen(self, mean: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean, logvar = self.encoder(images)
        self.steps += self.training
        return (self.happen(mean) if self.steps == 4 and self.training else mean), logvar


class NotANumber(Failing):
    def happen(self, mean: Tensor) -> Tensor:
        return mean * float("nan")


class OutOfMemory(Failing):
    def happen(self, mean: Tensor) -> Tensor:
        return mean + torch.empty(2**46)  # more than an address space has


class Terminated(Failing):
    def happen(self, mean: Tensor) -> Tensor:
        os.kill(os.getpid(), signal.SIGTERM)
        return mean


class HungUp(Failing):
    def happen(self, mean: Tensor) -> Tensor:
        os.kill(os.getpid(), signal.SIGHUP)
        return mean


class Interrupted(Failing):
    def happen(self, mean: Tensor) -> Tensor:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)  # torchrun sends it again
        return mean


class OutOfMemoryAtOnce(OutOfMemory):
    def __init__(self, image: tuple[int, int, int], features: int, dim: int) -> None:
        super().__init__(image, features, dim)
        self.steps = 3

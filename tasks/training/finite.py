"""Losses and weights that are no numbers: found without waiting for the device in each step, and never learnt from."""

from __future__ import annotations

import torch
from accelerate import Accelerator
from torch import Tensor, nn

EVERY = 10
"""So many steps make a row of metrics.jsonl; after so many at the latest, their losses are read."""

LATE = ("cuda",)
"""Devices that work while the next steps are prepared. Whoever reads a number there waits until they have caught up."""


class LossWatch:
    """Keeps losses on the device until they are read, and the optimiser from stepping on one that is no number.

    Where losses are read late, an optimiser with fused steps leaves out the step of a loss that is no number and all steps
    after it, by the flag that torch's gradient scaler uses. So the weights are still those before that step when it is found.
    Other optimisers cannot leave out a step; of their run the checkpoint before is what stays good. Gradients or rates of zero
    are not the same as no step, because the running means still decay, and their counts of steps go on; and to put back what
    was before would take a copy of all weights and of the optimiser's state in every step.

    Args:
        optimizer: whose steps are left out.
        accelerator: its device and processes.

    Attributes:
        late: whether losses are read later than they are computed; else they are read at once, as on a CPU.
        skips: whether no step is taken on a loss that is no number.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, accelerator: Accelerator) -> None:
        self.optimizer, self.accelerator, self.count = optimizer, accelerator, 0
        self.late = accelerator.device.type in LATE
        self.skips = not self.late or bool(getattr(optimizer, "_step_supports_amp_scaling", False))
        self.losses = torch.zeros(EVERY, device=accelerator.device)
        self.wrong = torch.zeros((), device=accelerator.device)
        if self.late and self.skips:
            optimizer.found_inf = self.wrong  # pyright: ignore[reportAttributeAccessIssue]

    def note(self, loss: Tensor) -> None:
        """Keep the loss of a step, the mean over all processes, before the optimiser steps; nobody waits for it."""
        mean = loss.detach().float()
        if self.accelerator.num_processes > 1:
            mean = self.accelerator.reduce(mean, "mean")
        assert isinstance(mean, Tensor)
        self.losses[self.count].copy_(mean)
        self.wrong.masked_fill_(~mean.isfinite(), 1.0)
        self.count += 1

    def read(self) -> list[float]:
        """The losses that were noted since they were read last; this waits for the device."""
        found = self.losses[: self.count].tolist()
        self.count = 0
        return found

    def close(self) -> None:
        """Leave the optimiser as it was."""
        if self.late and self.skips:
            del self.optimizer.found_inf  # pyright: ignore[reportAttributeAccessIssue]


def finite(model: nn.Module) -> bool:
    """Whether all weights are numbers."""
    weights = [weight for weight in model.state_dict().values() if weight.is_floating_point()]
    return not weights or bool(torch.stack([weight.isfinite().all() for weight in weights]).all())

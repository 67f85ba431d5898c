"""The learnt prior of motion: a recurrent network says of each frame what the frames before it lead to expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from jaxtyping import Float


class MotionPrior(nn.Module):
    """p(z_t | z_<t): normal, with mean and log variance of an LSTM that has seen z_1 to z_(t-1). The first frame's are learnt.

    Args:
        motion: how many numbers z_t has.
        hidden: the width of the LSTM.

    Example:
        >>> prior = MotionPrior(motion=4, hidden=8)
        >>> mean, logvar = prior(torch.zeros(2, 5, 4))
        >>> mean.shape, prior.sample(2, 5, torch.Generator()).shape
        (torch.Size([2, 5, 4]), torch.Size([2, 5, 4]))
    """

    def __init__(self, motion: int, hidden: int = 256) -> None:
        super().__init__()
        self.motion = motion
        self.recurrent = nn.LSTM(motion, hidden, batch_first=True)
        self.expected = nn.Linear(hidden, 2 * motion)

    def forward(self, motion: Float[Tensor, "b t z"]) -> tuple[Float[Tensor, "b t z"], Float[Tensor, "b t z"]]:
        """Mean and log variance of every z_t, given those before it: [B, T, Z] each."""
        before = torch.cat([torch.zeros_like(motion[:, :1]), motion[:, :-1]], 1)
        mean, logvar = self.expected(self.recurrent(before)[0]).chunk(2, -1)
        return mean, logvar

    def sample(self, n: int, frames: int, generator: torch.Generator, *, mean: bool = False) -> Float[Tensor, "n t z"]:
        """Motions [n, T, Z], drawn one frame after the other.

        Args:
            n: how many.
            frames: T.
            generator: decides, on the CPU.
            mean: of each frame give what is expected after the frames that were drawn before it, and not its draw.
        """
        weight = self.expected.weight
        state, found = None, []
        given = torch.zeros(n, 1, self.motion, device=weight.device, dtype=weight.dtype)
        for _ in range(frames):
            told, state = self.recurrent(given, state)
            expected, logvar = self.expected(told).chunk(2, -1)
            given = expected + torch.randn(expected.shape, generator=generator).to(expected) * (logvar / 2).exp()
            found.append(expected if mean else given)
        return torch.cat(found, 1)

"""The learnt prior of motion: a recurrent network says of each frame what the frames before it lead to expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from tasks.normal import sample_normal
from tasks.sequence.losses import kl_of_first, kl_of_motion

if TYPE_CHECKING:
    from jaxtyping import Float


class MotionPrior(nn.Module):
    """p(z_t | z_<t): normal, with mean and log variance of an LSTM that has seen z_1 to z_(t-1).

    Of the first frame it is one normal, or a mixture of several. Where motions begin in different ways, most of one normal lies
    between them, and a motion that begins there goes astray.

    Args:
        motion: how many numbers z_t has.
        hidden: the width of the LSTM.
        modes: of how many normals the first frame's mixture is.

    Example:
        >>> prior = MotionPrior(motion=4, hidden=8)
        >>> mean, logvar = prior(torch.zeros(2, 5, 4))
        >>> mean.shape, prior.sample(2, 5, torch.Generator()).shape
        (torch.Size([2, 5, 4]), torch.Size([2, 5, 4]))
    """

    def __init__(self, motion: int, hidden: int = 256, modes: int = 1) -> None:
        super().__init__()
        self.motion, self.modes = motion, modes
        self.recurrent = nn.LSTM(motion, hidden, batch_first=True)
        self.expected = nn.Linear(hidden, 2 * motion)
        if modes > 1:
            self.shares = nn.Parameter(torch.zeros(modes))
            self.begins = nn.Parameter(torch.cat([torch.randn(modes, motion), torch.zeros(modes, motion)], 1))

    def forward(self, motion: Float[Tensor, "b t z"]) -> tuple[Float[Tensor, "b t z"], Float[Tensor, "b t z"]]:
        """Mean and log variance of every z_t, given those before it: [B, T, Z] each; of the first as if it were one normal."""
        before = torch.cat([torch.zeros_like(motion[:, :1]), motion[:, :-1]], 1)
        mean, logvar = self.expected(self.recurrent(before)[0]).float().chunk(2, -1)
        return mean, logvar

    def kl(
        self, mean: Float[Tensor, "b t z"], logvar: Float[Tensor, "b t z"], drawn: Float[Tensor, "b t z"]
    ) -> Float[Tensor, " b"]:
        """KL(q(z | x) || p(z)) of each clip [B], in expectation over what is drawn of the posterior.

        Args:
            mean, logvar: of the posterior.
            drawn: a draw of it, of which the prior is made.
        """
        prior = self(drawn)
        if self.modes == 1:
            return kl_of_motion(mean, logvar, *prior)
        first = kl_of_first(mean[:, 0], logvar[:, 0], self.shares.log_softmax(0), *self.begins.chunk(2, 1))
        return first + kl_of_motion(mean[:, 1:], logvar[:, 1:], *(part[:, 1:] for part in prior))

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
        for t in range(frames):
            told, state = self.recurrent(given, state)
            expected, logvar = (self.expected(told) if t or self.modes == 1 else self._begin(n, generator)).chunk(2, -1)
            given = sample_normal(expected, logvar, generator)
            found.append(expected if mean else given)
        return torch.cat(found, 1)

    def _begin(self, n: int, generator: torch.Generator) -> Float[Tensor, "n 1 two_z"]:
        """Mean and log variance of a normal of the mixture for each of n motions."""
        chosen = torch.multinomial(self.shares.detach().softmax(0).cpu(), n, replacement=True, generator=generator)
        return self.begins[chosen.to(self.begins.device)][:, None]

"""What composes two codes: the code of a picture that has one factor of the command, and all others of the reference.

An operator is called with the codes of reference and command [B, L] and the action, one-hot [B, A], and gives codes [B, L].
Linear maps of the action need no bias: an action is one-hot, so its weights are a bias for each factor.

Source: Montero et al., "Lost in Latent Space", 2022, arXiv 2204.02283.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from vsa.errors import RangeError

if TYPE_CHECKING:
    from jaxtyping import Float

HIDDEN = 128
"""Units between the two layers of the MLP."""


class Linear(nn.Module):
    """A linear map of the reference and the action, plus one of the command and the action.

    Example:
        >>> Linear(10, 3)(torch.zeros(2, 10), torch.zeros(2, 10), torch.zeros(2, 3)).shape
        torch.Size([2, 10])
    """

    def __init__(self, latents: int, actions: int) -> None:
        super().__init__()
        self.reference = nn.Linear(latents + actions, latents, bias=False)
        self.command = nn.Linear(latents + actions, latents, bias=False)

    def forward(self, reference: Tensor, command: Tensor, action: Tensor) -> Float[Tensor, "b latents"]:
        return self.reference(torch.cat([reference, action], 1)) + self.command(torch.cat([command, action], 1))


class Interpolation(nn.Module):
    """A share of the reference and the rest of the command, for each latent; what share is learnt.

    Example:
        >>> Interpolation(10, 3)(torch.ones(1, 10), torch.ones(1, 10), torch.zeros(1, 3))[0, :3]
        tensor([1., 1., 1.], grad_fn=<SliceBackward0>)
    """

    def __init__(self, latents: int, actions: int) -> None:
        super().__init__()
        self.share = nn.Linear(2 * latents + actions, latents, bias=False)

    def forward(self, reference: Tensor, command: Tensor, action: Tensor) -> Float[Tensor, "b latents"]:
        share = self.share(torch.cat([reference, command, action], 1)).sigmoid()
        return share * reference + (1 - share) * command


class FixedInterpolation(nn.Module):
    """Of the command the latent that has the number of the action, all others of the reference; nothing is learnt.

    Raises:
        RangeError: there are fewer latents than actions.

    Example:
        >>> FixedInterpolation(3, 2)(torch.zeros(1, 3), torch.ones(1, 3), torch.tensor([[0.0, 1.0]]))
        tensor([[0., 1., 0.]])
    """

    def __init__(self, latents: int, actions: int) -> None:
        super().__init__()
        if latents < actions:
            raise RangeError(
                f"the operator fixed takes a latent for each of {actions} factors, got {latents} latents; "
                "give more --latents, or another --operator"
            )
        self.missing = latents - actions

    def forward(self, reference: Tensor, command: Tensor, action: Tensor) -> Float[Tensor, "b latents"]:
        share = pad(action, (0, self.missing))
        return (1 - share) * reference + share * command


class MLP(nn.Module):
    """Two linear layers of both codes and the action, with ReLU between them.

    Example:
        >>> MLP(10, 3)(torch.zeros(2, 10), torch.zeros(2, 10), torch.zeros(2, 3)).shape
        torch.Size([2, 10])
    """

    def __init__(self, latents: int, actions: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2 * latents + actions, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, latents))

    def forward(self, reference: Tensor, command: Tensor, action: Tensor) -> Float[Tensor, "b latents"]:
        return self.layers(torch.cat([reference, command, action], 1))


OPERATORS: dict[str, type[nn.Module]] = {
    "linear": Linear,
    "interpolation": Interpolation,
    "fixed": FixedInterpolation,
    "mlp": MLP,
}
"""By name; each is made of how many latents and how many actions."""

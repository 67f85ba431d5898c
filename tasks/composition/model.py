"""CompositionNet: a VAE, and an operator that composes the codes of two pictures into that of a third."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from tasks.card import Page
from tasks.provenance import Provenance
from tasks.shard import Shard
from tasks.vae.model import MEASURES, VAE, OnVAE
from vsa.errors import RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float, Int64, Shaped

SNIPPET = """\
pictures = dataset.observe(torch.zeros(2, len(dataset.factors), dtype=torch.long))
reference, command = model.codes(pictures).split(1)
composed = model.compose(reference, command, torch.tensor([0]))  # the first factor of the command, all others of the reference
drawn = model.decode(composed)  # from 0 to 1
"""


class Composed(NamedTuple):
    """What CompositionNet makes of a batch.

    Attributes:
        parameters: [T, C, H, W], of the likelihood of this process's shard of references, commands and transformed pictures.
        mean, logvar: [2 n, L], the posteriors of references and commands.
    """

    parameters: Tensor
    mean: Tensor
    logvar: Tensor


class CompositionNet(OnVAE):
    """An encoder, an operator on codes, and a decoder.

    Args:
        vae: encoder and decoder.
        operator: codes of references and commands [B, L] and one-hot actions [B, A] to codes [B, L].
        actions: A, how many factors there are.

    Source: Montero et al., "Lost in Latent Space", 2022, arXiv 2204.02283.

    Example:
        >>> from decoders.conv import kim as decoder
        >>> from encoders.conv import kim as encoder
        >>> from tasks.composition.operators import FixedInterpolation
        >>> vae = VAE(encoder((1, 64, 64), 10, 1), decoder(10, (1, 64, 64)), latents=10)
        >>> model = CompositionNet(vae, FixedInterpolation(10, 5), actions=5)
        >>> reference, command = model.codes(torch.rand(2, 1, 64, 64)).split(1)
        >>> model.decode(model.compose(reference, command, torch.tensor([4]))).shape
        torch.Size([1, 1, 64, 64])
    """

    kind = "composition"

    def __init__(self, vae: VAE, operator: nn.Module, actions: int) -> None:
        super().__init__(vae)
        self.operator, self.actions = operator, actions

    def page(self, provenance: Provenance) -> Page:
        """What its page says of it: how two pictures make a third."""
        return replace(
            super().page(provenance),
            summary=f"Pictures as codes of {self.latents} numbers, and a third code of two and the name of a factor.",
            details=(
                "An encoder gives the code of a reference and of a command; an operator makes of them the code of a picture that "
                "has one factor of the command and all others of the reference; a decoder draws it.",
            ),
            snippet=SNIPPET,
            measures=MEASURES,
        )

    def compose(
        self, reference: Float[Tensor, "b latents"], command: Float[Tensor, "b latents"], action: Int64[Tensor, " b"]
    ) -> Float[Tensor, "b latents"]:
        """The codes [B, L] of pictures that have one factor of the command and all others of the reference.

        Args:
            reference, command: codes [B, L].
            action: int64 [B], which factor, by number.

        Raises:
            ShapeError: the codes are not two times [B, L], or there is not one action for each.
            RangeError: there is no such factor.
        """
        wanted = (len(reference), self.latents)
        if reference.shape != wanted or command.shape != wanted or action.shape != wanted[:1]:
            raise ShapeError(
                f"codes of reference and command must be [B, {self.latents}] and actions [B], got {list(reference.shape)}, "
                f"{list(command.shape)} and {list(action.shape)}"
            )
        if ((action < 0) | (action >= self.actions)).any():
            raise RangeError(f"actions must be from 0 to {self.actions - 1}, got {action.tolist()[:8]}")
        return self.operator(reference, command, nn.functional.one_hot(action, self.actions).to(reference.dtype))

    def forward(
        self,
        pictures: Shaped[Tensor, "p c h w"],
        action: Shaped[Tensor, "n actions"],
        *,
        noise: int = 0,
        shard: Shard = Shard(),  # noqa: B008  (it cannot change)
    ) -> Composed:
        """Encode references and commands, sample, compose and draw; each of several processes encodes and draws its shard.

        Args:
            pictures: [2 n, C, H, W], n references and then their commands.
            action: one-hot [n, A], which factor is the command's.
            noise: the seed with which posteriors are sampled.
            shard: this process's.
        """
        posterior = self.vae.posterior_of(shard.padded(pictures))
        mean, logvar, sample, _ = self.vae.sampled(posterior, len(pictures), noise, False, shard)
        composed = self.operator(*sample.chunk(2), action.to(sample.dtype))
        return Composed(self.parameters_of(shard.of(torch.cat([sample, composed]))), mean, logvar)

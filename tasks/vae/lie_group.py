"""The Lie group VAE: a code as a matrix of a group, which the decoder sees; and what its loss asks of the group."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from tasks import networks
from tasks.card import Page
from tasks.likelihood import BERNOULLI, Likelihood
from tasks.provenance import Provenance
from tasks.shard import Shard
from tasks.vae.model import VAE, Drawn

if TYPE_CHECKING:
    from jaxtyping import Float, Shaped

DEVIATION = 0.001
"""Of the entries of the basis, before training."""

HALVINGS, DEGREE = 7, 8
"""Of `exponential`: how often a matrix is halved before its power series is added up, and to which power."""

WIDTH = 4
"""The hidden layer that gives mean or log variance is so many times as wide as the group has entries; from the authors' code."""


def exponential(x: Float[Tensor, "*b m m"]) -> Float[Tensor, "*b m m"]:
    """The exponential of matrices, by a Taylor series of halved matrices whose sum is squared as often.

    `torch.matrix_exp` chooses halvings by the size of each matrix, and on CUDA waits to know them. These are always seven,
    which is as exact in single precision for matrices whose norm is at most 10.

    Example:
        >>> exponential(torch.zeros(2, 2))
        tensor([[1., 0.],
                [0., 1.]])
    """
    small = x * 0.5**HALVINGS
    one = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
    total = one + small / DEGREE
    for power in range(DEGREE - 1, 0, -1):
        total = one + small @ total / power
    for _ in range(HALVINGS):
        total = total @ total
    return total


def products(basis: Float[Tensor, "latents m m"]) -> Float[Tensor, ""]:
    """The squared Frobenius norms of A_i A_j for i and j apart, summed and divided by the number of all pairs.

    Where these products are 0 the second derivatives of the group by two latents are, so that latents act apart.

    Source: Zhu et al., "Commutative Lie group VAE for disentanglement learning", 2021, arXiv 2106.03375, section 4.

    Example:
        >>> products(torch.ones(2, 1, 1))
        tensor(0.5000)
    """
    squares = (basis[:, None] @ basis[None]).square().sum((2, 3))
    return (squares.sum() - squares.diagonal().sum()) / len(basis) ** 2


class LieGroupVAE(VAE):
    """A VAE whose decoder sees the matrix exp(z_1 A_1 + ... + z_L A_L) of a code z, of a basis A that is learnt.

    The encoder gives a matrix of its own, from which two small networks find the posterior of z; the loss pulls both matrices
    together. The authors' code decodes the encoder's matrix in one step of five; this one always decodes that of the code.

    Args:
        encoder: pictures to mean and log variance [B, 1, M * M], of which the mean is the matrix; the other is not used.
        decoder: of vectors [B, M * M].
        latents: L.
        side: M, the matrices' height and width.
        likelihood: what the decoder's parameters say.

    Source: Zhu et al., 2021.

    Example:
        >>> from decoders.conv import burgess as decoder
        >>> from encoders.conv import burgess as encoder
        >>> model = LieGroupVAE(encoder((1, 64, 64), 1, 16), decoder(16, (1, 64, 64)), latents=3, side=4)
        >>> model.group(model.codes(torch.zeros(2, 1, 64, 64))).shape
        torch.Size([2, 4, 4])
    """

    def __init__(
        self, encoder: nn.Module, decoder: nn.Module, latents: int, side: int, likelihood: Likelihood = BERNOULLI
    ) -> None:
        super().__init__(encoder, decoder, latents, likelihood=likelihood)
        self.side = side
        self.basis = nn.Parameter(DEVIATION * torch.randn(latents, side, side))
        entries = side * side
        self.to_mean, self.to_logvar = (
            nn.Sequential(nn.Linear(entries, WIDTH * entries), nn.ReLU(), nn.Linear(WIDTH * entries, latents)) for _ in range(2)
        )

    def page(self, provenance: Provenance) -> Page:
        """What its page says of it: which matrix the decoder sees."""
        return replace(
            super().page(provenance),
            details=(
                f"An encoder gives a matrix of {self.side} by {self.side}; from it two small networks give the mean "
                "and the variance of each number.",
                "A decoder draws a picture from the exponential of the numbers times a basis that was learnt.",
            ),
        )

    def seen(self, images: Tensor) -> Float[Tensor, "b entries"]:
        """The encoder's matrices of pictures that are known to be right, flat."""
        return networks.posterior(self.encoder, images, 1, self.side * self.side)[0][:, 0]

    def posterior_of(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of pictures that are known to be right, as in training."""
        return self.read(self.seen(images))

    def read(self, matrices: Float[Tensor, "b entries"]) -> tuple[Float[Tensor, "b latents"], Float[Tensor, "b latents"]]:
        """Mean and log variance of matrices, flat."""
        return self.to_mean(matrices).float(), self.to_logvar(matrices).float()

    def group(self, codes: Float[Tensor, "b latents"]) -> Float[Tensor, "b m m"]:
        """The matrices of codes; in single precision, whatever other products are computed in."""
        with torch.autocast(codes.device.type, enabled=False):
            return exponential((codes.float()[..., None, None] * self.basis).sum(1))

    def parameters_of(self, codes: Float[Tensor, "b latents"]) -> Float[Tensor, "b c h w"]:
        """The parameters of the pictures' likelihood [B, C, H, W], of codes [B, L].

        Raises:
            DtypeError, ShapeError: the decoder returns something else.
        """
        return networks.parameters(self.decoder, self.group(codes).flatten(1), self.image)

    def forward(
        self,
        pictures: Shaped[Tensor, "p c h w"],
        *,
        noise: int = 0,
        averaged: bool = False,
        shard: Shard = Shard(),  # noqa: B008  (it cannot change)
    ) -> Drawn:
        """Encode, sample and draw; each of several processes encodes and draws its shard.

        Args:
            pictures, noise, averaged, shard: as of `VAE`.
        """
        seen = self.seen(shard.padded(pictures))
        mean, logvar, sample, _ = self.sampled(self.read(seen), len(pictures), noise, averaged, shard)
        matrices = self.group(sample).flatten(1)
        parameters = networks.parameters(self.decoder, shard.of(matrices), self.image)
        apart = (shard.gather(seen, len(pictures)) - matrices).square().sum(1).mean()
        return Drawn(parameters, mean, logvar, sample, group=(products(self.basis), apart))

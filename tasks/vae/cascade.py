"""The information cascade: latents are let in one after the other; and classes beside them, chosen by a flow (CascadeVAE)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from tasks import networks
from tasks.card import Page
from tasks.likelihood import BERNOULLI, Likelihood
from tasks.pictures import Pictures, as_pictures
from tasks.provenance import Provenance
from tasks.shard import Shard
from tasks.vae.model import VAE, Drawn
from vsa.errors import RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float, Int64, Shaped


def let_in(spent: float, interval: float, begin: float | None = None) -> int:
    """How many latents are let in at a time, in the order of their numbers: one from the start, one more after each interval.

    Args:
        spent: the share of the budget that is spent.
        interval: the share of the budget after which one more is let in.
        begin: the share after which classes are chosen; the interval that begins then lets no latent in, but the class. None
            for a model without classes.

    Source: Jeong and Song, "Learning discrete and continuous factors of data via alternating disentanglement", 2019, arXiv
    1905.09432, algorithm 1; the paper's interval is 20,000 of 300,000 steps, and classes begin at 80,000.

    Example:
        >>> [let_in(step / 300_000, 1 / 15) for step in (0, 19_999, 20_000, 100_000)]
        [1, 1, 2, 6]
        >>> [let_in(step / 300_000, 1 / 15, begin=4 / 15) for step in (60_000, 80_000, 100_000)]
        [4, 4, 5]
    """
    passed = int(spent / interval + 1e-9)
    return passed + (begin is None or spent < begin)


def cascade(kl: Float[Tensor, " latents"], inside: int, low: float, high: float) -> Float[Tensor, ""]:
    """The KL of each latent, low times for the first ones, which are let in, and high times for all others.

    Example:
        >>> cascade(torch.tensor([1.0, 1.0, 1.0]), inside=1, low=2.0, high=10.0)
        tensor(22.)
    """
    return low * kl[:inside].sum() + high * kl[inside:].sum()


def assign(costs: Float[Tensor, "b k"], pairwise: float) -> Int64[Tensor, " b"]:
    """The class of each picture of a batch: those that cost least together, where sharing a class costs something too.

    A class that m pictures have costs pairwise m (m - 1) / 2 beside what each of them costs in it. The paper finds the least by a
    minimum-cost flow in which a class's first picture costs nothing more, its second pairwise, its third twice that: costs that
    are convex. Here each class stands in a linear sum assignment as many times as there are pictures, the copies at these
    costs; because they rise, the cheapest copies are taken first, and the assignment is the flow.

    Args:
        costs: of each picture in each class; they are read on the CPU, for which a device is waited for.
        pairwise: at least 0; else the costs of copies would fall, and the assignment would be another problem.

    Returns:
        on the CPU.

    Raises:
        RangeError: the pairwise cost is below 0.

    Source: Jeong and Song, 2019, section 4.

    Example:
        >>> assign(torch.tensor([[0.0, 3.0], [0.0, 2.0], [0.0, 9.0]]), pairwise=0.0).tolist()
        [0, 0, 0]
        >>> assign(torch.tensor([[0.0, 3.0], [0.0, 2.0], [0.0, 9.0]]), pairwise=2.0).tolist()
        [0, 1, 0]
    """
    if not pairwise >= 0:
        raise RangeError(f"the pairwise cost must be at least 0, got {pairwise}")
    read = np.nan_to_num(np.array(costs.tolist(), dtype=np.float64))  # of numbers that are none the loss will tell
    n = len(read)
    copies = read[:, :, None] + pairwise * np.arange(n)
    return torch.from_numpy(linear_sum_assignment(copies.reshape(n, -1))[1] // n)


class CascadeVAE(VAE):
    """A VAE whose codes are L numbers and a class: the decoder sees the numbers and the class as one of K.

    The encoder says nothing of the class. It is the one in which the picture is drawn best; in training the batch's are chosen
    together, see `assign`, which waits for the device that has the costs. This is the one step of a task here that does.

    Args:
        encoder: as of `VAE`.
        decoder: of vectors [B, L + K].
        latents: L.
        classes: K.
        likelihood: what the decoder's parameters say.

    Source: Jeong and Song, 2019.

    Example:
        >>> from decoders.conv import burgess as decoder
        >>> from encoders.conv import burgess as encoder
        >>> model = CascadeVAE(encoder((1, 64, 64), 6, 1), decoder(9, (1, 64, 64)), latents=6, classes=3)
        >>> model.codes(torch.zeros(2, 1, 64, 64)).shape
        torch.Size([2, 7])
    """

    def __init__(
        self, encoder: nn.Module, decoder: nn.Module, latents: int, classes: int, likelihood: Likelihood = BERNOULLI
    ) -> None:
        super().__init__(encoder, decoder, latents, likelihood=likelihood)
        self.classes = classes

    def page(self, provenance: Provenance) -> Page:
        """What its page says of it: what a code is, and where the class comes from."""
        return replace(
            super().page(provenance),
            summary=f"Pictures as codes of {self.latents} numbers and one of {self.classes} classes.",
            details=(
                "An encoder gives the mean and the variance of each number; a decoder draws a picture from numbers and a class.",
                "The class of a picture is the one with which it is drawn best.",
            ),
        )

    def codes(self, images: Pictures, white: int | None = None, *, prepare: bool = False) -> Float[Tensor, "b code"]:
        """The codes [B, L + 1] of pictures: the posterior's mean, and the number of the class.

        Args, Raises: as of `posterior`.
        """
        seen = as_pictures(images, self.device, self.image, white, prepare)
        mean = self.posterior_of(seen)[0]
        return torch.cat([mean, self.costs(mean, seen).argmin(1, keepdim=True).to(mean.dtype)], 1)

    def parameters_of(self, codes: Float[Tensor, "b code"]) -> Float[Tensor, "b c h w"]:
        """The parameters of the pictures' likelihood [B, C, H, W], of codes [B, L + 1]; the nearest class counts.

        Raises:
            ShapeError: they are no such codes.
            DtypeError: the decoder returns something else.
        """
        if codes.ndim != 2 or codes.shape[1] != self.latents + 1:
            raise ShapeError(f"codes must be [B, {self.latents + 1}], the last the class, got {list(codes.shape)}")
        return self.drawn(codes[:, :-1], self.one_of(codes[:, -1].round().clamp(0, self.classes - 1)))

    def one_of(self, classes: Shaped[Tensor, " b"]) -> Float[Tensor, "b k"]:
        """Numbers of classes as vectors of one 1 among zeros."""
        return (classes[:, None] == torch.arange(self.classes, device=classes.device)).float()

    def drawn(self, numbers: Float[Tensor, "b latents"], chosen: Float[Tensor, "b k"]) -> Float[Tensor, "b c h w"]:
        """The parameters of pictures, of numbers and classes as vectors."""
        return networks.parameters(self.decoder, torch.cat([numbers, chosen], 1), self.image)

    @torch.no_grad()
    def costs(self, numbers: Float[Tensor, "b latents"], pictures: Shaped[Tensor, "b c h w"]) -> Float[Tensor, "b k"]:
        """How badly each picture is drawn with each class, in nats; nothing is learnt of it, statistics of batches neither."""
        training, n = self.decoder.training, len(numbers)
        self.decoder.eval()
        try:
            every = torch.arange(self.classes, device=numbers.device)
            parts = [
                self.likelihood.loss(self.drawn(numbers, self.one_of(each.expand(n))), pictures.float()).flatten(1).sum(1)
                for each in every
            ]
        finally:
            self.decoder.train(training)
        return torch.stack(parts, 1)

    def forward(
        self,
        pictures: Shaped[Tensor, "p c h w"],
        *,
        noise: int = 0,
        averaged: bool = False,
        shard: Shard = Shard(),  # noqa: B008  (it cannot change)
        pairwise: float | None = None,
    ) -> Drawn:
        """Encode, sample, choose classes and draw; each of several processes encodes and draws its shard.

        Args:
            pictures, noise, averaged, shard: as of `VAE`.
            pairwise: what sharing a class costs; None before classes are chosen, when the decoder sees zeros in their place.
        """
        n = len(pictures)
        mean, logvar, sample, _ = self.sampled(self.posterior_of(shard.padded(pictures)), n, noise, averaged, shard)
        if pairwise is None:
            chosen = sample.new_zeros(n, self.classes)
        else:
            costs = shard.gather(self.costs(shard.padded(sample.detach()), shard.padded(pictures)), n)
            chosen = self.one_of(assign(costs, pairwise).to(sample.device))
        return Drawn(self.drawn(shard.of(sample), shard.of(chosen)), mean, logvar, sample)

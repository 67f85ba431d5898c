"""What is retrieved from bundles of sparse vectors with few blocks, where similarities are counts and often tie.

Which items resemble a bundle by chance depends on how often its vectors met in a block: most bundles have none, and a few have
many. So some bundles are drawn; given one, the similarities of the items are independent, and their law is exact.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from vsa.algebras.fourier import irfft, rfft

if TYPE_CHECKING:
    from jaxtyping import Float64, Int64

MOST_BLOCKS, MOST_BUNDLED = 128, 1024
"""Beyond these, a Gaussian says the same."""


@lru_cache(maxsize=256)
def share_retrieved(blocks: int, size: int, items: int, bundled: int, of_set: bool, normalized: bool) -> float:
    """The share of what was bundled that will be retrieved.

    Args:
        blocks, size: how many blocks a vector has, and how many places a block; each vector has one place in each block.
        items: how many there are to choose from.
        bundled: how many vectors were added up.
        of_set: the bundled items are sought as a set, not one by one.
        normalized: the bundle has one place in each block too, the fullest.

    Returns:
        A number from 0 to 1, the same each time.
    """
    if blocks == 0:  # all are alike
        return bundled / items if of_set else 1 / items
    generator = torch.Generator().manual_seed(0)
    drawn = max(20, min(400, 3000 // bundled, 8000 // blocks))
    places = torch.randint(size, (drawn, blocks, bundled), generator=generator)
    order = places.sort(-1).values
    met = torch.searchsorted(order, places, right=True) - torch.searchsorted(order, places)  # how many stand where each stands
    if normalized:  # the fullest place, of equals one by chance
        fullest = (met + torch.rand(met.shape, generator=generator) / 2).argmax(-1, keepdim=True)
        agree = (places == places.gather(-1, fullest)).long()
        law = _sum(torch.tensor([1 - 1 / size, 1 / size], dtype=torch.float64).expand(1, blocks, 2)).expand(drawn, -1)
    else:
        agree = met
        counts = torch.arange(1, int(met.max()) + 1)
        stand = torch.stack([(met == count).sum(-1) / (count * size) for count in counts.tolist()], -1).double()
        law = _sum(torch.cat([1 - stand.sum(-1, keepdim=True), stand], -1))
    own = agree.sum(1)  # of each bundled vector, the similarity with the bundle: [drawn, bundled]
    luck = torch.rand(own.shape, generator=generator, dtype=torch.float64)  # decides ties
    below = (law.cumsum(-1).gather(-1, own) + (luck - 1) * law.gather(-1, own)).clamp(0, 1)  # how likely another item lies below
    if not of_set:
        return (below ** (items - 1)).mean().item()
    mine = own + luck
    ahead = (mine.unsqueeze(-1) < mine.unsqueeze(-2)).sum(-1)  # bundled ones that are more similar
    return _at_most(bundled - 1 - ahead, items - bundled, 1 - below).mean().item()


def rare_similarity(blocks: int, size: int, chance: float) -> float:
    """The similarity above which two random vectors have this chance, or less, to lie: halfway between two counts."""
    if blocks == 0:  # all are alike, so that no similarity tells an item from a random vector
        return 1.5
    alike = 1 / size
    likely = [math.comb(blocks, count) * alike**count * (1 - alike) ** (blocks - count) for count in range(blocks + 1)]
    count = next(count for count in range(blocks + 1) if sum(likely[count + 1 :]) <= chance)
    return (count + 0.5) / blocks


def _sum(laws: Float64[Tensor, "drawn blocks count"]) -> Float64[Tensor, "drawn similarity"]:
    """The law of the sum of a count from each block, given the laws of these."""
    while (blocks := laws.shape[1]) > 1:  # two blocks make one, whose law is the convolution of theirs
        wide = F.pad(laws, (0, laws.shape[-1] - 1))
        even = blocks - blocks % 2
        joined = irfft(rfft(wide[:, :even].unflatten(1, (-1, 2))).prod(2), wide.shape[-1])
        laws = torch.cat([joined, wide[:, even:]], 1)
    return laws[:, 0].clamp_min(0)


def _at_most(most: Int64[Tensor, "*batch"], n: int, chance: Float64[Tensor, "*batch"]) -> Float64[Tensor, "*batch"]:
    """How likely it is that of n independent ones, each with this chance, no more than so many happen."""
    if int(most.max()) > 128:  # a Gaussian says the same, and is faster
        return torch.special.ndtr((most + 0.5 - n * chance) / (n * chance * (1 - chance)).clamp_min(1e-12).sqrt())
    counts = torch.arange(int(most.max()) + 1, dtype=torch.float64)
    ways = F.pad(((n - counts).clamp_min(0) / (counts + 1)).log().cumsum(0), (1, -1))  # to choose so many of n
    chance = chance.clamp(1e-300, 1 - 1e-16).unsqueeze(-1)
    likely = (ways + counts * chance.log() + (n - counts) * torch.log1p(-chance)).exp()
    return likely.cumsum(-1).gather(-1, most.unsqueeze(-1)).squeeze(-1).clamp_max(1)

"""What theory says will be retrieved from a bundle, so that a dimension can be chosen before anything is built.

The similarities of a query with the items are taken for Gaussian: that of one which was bundled lies `shift` above the others,
in units of the others' deviation. All that distinguishes the algebras is that shift, and in sparse block codes a skew. Measured
accuracies agree within 0.03 from a dimension of about 256 on; smaller vectors do a little better, because the tails of their
similarities are lighter. Sparse vectors of up to 128 blocks have no Gaussian similarities: see `vsa.block_capacity`.

Frady, Kleyko, Sommer, "A theory of sequence indexing and working memory in recurrent neural networks", Neural Computation 30 (6),
2018; measured by Schlegel, Neubert, Protzel, "A comparison of vector symbolic architectures", Artificial Intelligence Review 55,
2022.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Any, Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor

from vsa.algebra import Algebra
from vsa.algebras.checks import check_flags
from vsa.algebras.fourier import irfft, rfft
from vsa.block_capacity import MOST_BLOCKS, MOST_BUNDLED, rare_similarity, share_retrieved
from vsa.errors import AlgebraError, DtypeError, RangeError
from vsa.lookup import get_algebra

MOST = 2**53
"""The largest count."""

Task: TypeAlias = Literal["record", "set"]


def accuracy(
    algebra: str | Algebra, dim: int, items: int, bundled: int, *, task: Task = "record", normalized: bool = False
) -> float:
    """The share of what was bundled that will be retrieved.

    Args:
        algebra: a name or an algebra.
        dim: how many elements a vector has; in PackedBSC, how many bits.
        items: how many there are to choose from.
        bundled: how many pairs of a role and a filler the record holds, or how many items the set holds.
        task: "record": unbind a role, and take the item most like the result. "set": the items themselves were bundled, each at
            most once; take as many as were bundled, those most like the bundle.
        normalized: the bundle was normalised afterwards. It changes nothing where the bundle is a majority anyway, nor in HRR
            and VTB.

    Returns:
        A number from 0 to 1.

    Raises:
        DtypeError: dim, items or bundled is not an integer.
        RangeError: one of them is less than 1, a set is larger than the items, or the task is neither.
        AlgebraError: the algebra is unknown, or no theory is known for it.

    Source: Frady et al., 2018, for sums that are unbound exactly; the functions below derive the other cases.

    Example:
        >>> round(accuracy("MAP", 1024, items=1000, bundled=30), 2)
        0.99
        >>> round(accuracy("MAP", 1024, items=1000, bundled=30, normalized=True), 2)
        0.95
        >>> round(accuracy("FHRR", 1024, items=1000, bundled=100, task="set"), 2)
        0.97
    """
    model = get_algebra(algebra)
    _check("accuracy", task, dim=dim, items=items, bundled=bundled)
    check_flags("accuracy", normalized=normalized)
    return _accuracy(model, dim, items, bundled, task, normalized)


def dimension(
    algebra: str | Algebra, accuracy: float, items: int, bundled: int, *, task: Task = "record", normalized: bool = False
) -> int:
    """The smallest dimension that reaches an accuracy: the inverse of ``accuracy``.

    Args:
        algebra, items, bundled, task, normalized: as in ``accuracy``.
        accuracy: the share that should be retrieved, between 0 and 1, both excluded.

    Returns:
        How many elements (in PackedBSC, bits). Where the algebra needs a multiple (SBC, PackedBSC) or a square (VTB), take the
        next one.

    Raises:
        DtypeError, RangeError, AlgebraError: as in ``accuracy``; also when no dimension below 2 ** 31 is enough.

    Source: as for ``accuracy``.

    Example:
        >>> dimension("MAP", 0.99, items=1000, bundled=30)
        974
        >>> dimension("FHRR", 0.99, items=1000, bundled=30)
        487
    """
    model = get_algebra(algebra)
    _check("dimension", task, items=items, bundled=bundled)
    check_flags("dimension", normalized=normalized)
    _check_share("dimension", "accuracy", accuracy)

    def enough(dim: int) -> bool:
        return _accuracy(model, dim, items, bundled, task, normalized) >= accuracy

    high = 1
    while not enough(high):
        high *= 2
        if high > 2**31:
            raise RangeError(f"dimension: no dimension below 2 ** 31 reaches an accuracy of {accuracy}; ask for less")
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def threshold(algebra: str | Algebra, dim: int, items: int, false_alarm: float) -> float:
    """The similarity that a random vector rarely has with any of the items: above it, something was recognised.

    Args:
        algebra: a name or an algebra.
        dim: how many elements a vector has; in PackedBSC, how many bits.
        items: how many the vector is compared with.
        false_alarm: how often a random vector may be more similar than that to one of them, between 0 and 1, both excluded.

    Returns:
        A cosine. It is more than 1 where the dimension is too small to tell a random vector from an item.

    Raises:
        DtypeError: dim or items is not an integer, or false_alarm not a number.
        RangeError: one of them is out of range.
        AlgebraError: the algebra is unknown.

    Source: the largest of `items` similarities with the mean and spread of the algebra's laws, Gaussian but for the skew of SBC;
    of sparse vectors of up to 128 blocks, the binomial law of how many agree.

    Example:
        >>> round(threshold("MAP", 1024, items=1000, false_alarm=0.01), 3)
        0.133
        >>> round(threshold("SBC", 1024, items=1000, false_alarm=0.01), 3)
        0.227
    """
    model = get_algebra(algebra)
    _check("threshold", "record", dim=dim, items=items)
    _check_share("threshold", "false_alarm", false_alarm)
    alarm_of_one = -math.expm1(math.log1p(-false_alarm) / items)  # 1 - (1 - false_alarm) ** (1 / items), to every digit
    if blocks := _blocks(model, dim):
        number, size = blocks
        if number <= MOST_BLOCKS:
            return rare_similarity(number, size, alarm_of_one)
    deviations = -NormalDist().inv_cdf(max(alarm_of_one, 1e-300))
    if skew := _skew(model, dim):
        deviations = 2 / skew * ((1 + skew / 6 * (deviations - skew / 6)) ** 3 - 1)  # what _Separation.others undoes
    laws, shared = model.laws, model.laws.shared / dim
    return laws.expected_similarity + shared + math.sqrt(laws.spread / dim * max(0.0, 1 - shared)) * deviations


class _Separation(NamedTuple):
    """How far above the similarities of other items that of a bundled one lies.

    Attributes:
        shift: how far, in units of the others' deviation.
        deviation: of the bundled ones, in the same units.
        skew: of the others.
    """

    shift: float
    deviation: float
    skew: float = 0.0

    def others(self, similarity: Tensor) -> Tensor:
        """The standard normal number below which as many lie as others below this similarity.

        Source: Wilson and Hilferty, "The distribution of chi-square", PNAS 17, 1931.
        """
        if not self.skew:
            return similarity
        return 6 / self.skew * ((1 + self.skew / 2 * similarity).clamp_min(0) ** (1 / 3) - 1) + self.skew / 6


def _accuracy(algebra: Algebra, dim: int, items: int, bundled: int, task: Task, normalized: bool) -> float:
    separation = _separation(algebra, dim, bundled, task, normalized)
    if task == "set" and bundled == items:
        return 1.0
    blocks = _blocks(algebra, dim)
    if blocks and blocks[0] <= MOST_BLOCKS and bundled <= MOST_BUNDLED:
        majority = normalized or algebra.laws.bundling == "majority"
        return share_retrieved(*blocks, items, bundled, of_set=task == "set", normalized=majority)
    z = torch.linspace(-6, 6, 97, dtype=torch.float64)
    weights = torch.softmax(-z * z / 2, 0)  # the standard normal density, as the weights of a sum
    score = separation.others(separation.shift + separation.deviation * z)  # of a bundled item, by how many others lie below it
    if task == "record" or bundled == 1:
        right = ((items - 1) * torch.special.log_ndtr(score)).exp()  # all others lie below
    else:
        right = _among_the_best(bundled, items - bundled, z, score)
    return min(1.0, (weights * right).sum().item())


def _among_the_best(bundled: int, others: int, z: Tensor, score: Tensor) -> Tensor:
    """How likely it is that no more others lie above a bundled item than bundled ones below it: then it is among the best."""
    if bundled <= 128:
        counts = torch.arange(bundled, dtype=torch.float64)
        others_above, bundled_below = _binomial(others, -score, counts), _binomial(bundled - 1, z, counts)
        return (others_above.cumsum(-1) * bundled_below).sum(-1)
    above, below = torch.special.ndtr(-score), torch.special.ndtr(z)  # of so many, a Gaussian says the same, and is faster
    mean = (bundled - 1) * below - others * above
    variance = (bundled - 1) * below * (1 - below) + others * above * (1 - above)
    return torch.special.ndtr((mean + 0.5) / variance.sqrt())


def _binomial(n: int, z: Tensor, counts: Tensor) -> Tensor:
    """How likely it is that so many, [counts], of n standard normal numbers lie below z: [z, counts]."""
    ways = math.lgamma(n + 1) - torch.lgamma(counts + 1) - torch.lgamma((n - counts).clamp_min(0) + 1)
    below, above = torch.special.log_ndtr(z)[:, None], torch.special.log_ndtr(-z)[:, None]
    return torch.where(counts <= n, (ways + counts * below + (n - counts) * above).exp(), 0)


def _separation(algebra: Algebra, dim: int, bundled: int, task: Task, normalized: bool) -> _Separation:
    laws, space = algebra.laws, algebra.relaxation.name
    if task == "record" and getattr(algebra, "exact", False) and not getattr(algebra, "unitary", False):
        raise AlgebraError(
            "no theory is known for records of HRR with exact=True: dividing by a spectrum near zero makes noise without bound; "
            "use ordinary HRR, or unitary=True"
        )
    if laws.bundling == "majority" or (normalized and space in _CHOICES):
        if space not in _CHOICES:
            raise AlgebraError(f"no theory is known for the bundles of {algebra.name}; measure what is retrieved instead")
        return _CHOICES[space](algebra, dim, bundled)
    noise, own = bundled, bundled - 1  # an item makes no noise for itself
    if task == "record" and not laws.exact_unbinding:
        # The item comes back times a spectrum (in VTB, a matrix) of mean 1 and variance 1: that is its own power once more, as
        # noise for all, and twice more for itself.
        noise, own = bundled + 1, bundled + 1
    shift = (1 - laws.expected_similarity) * math.sqrt(dim / (laws.spread * noise))
    return _Separation(shift, math.sqrt(own / noise), _skew(algebra, dim, bundled))


def _votes(algebra: Algebra, dim: int, bundled: int) -> _Separation:
    """The sign of a sum: it is an item's own where that decides the vote, in about sqrt(2 / (pi bundled)) of the elements."""
    decides = _halves(bundled - 1 if bundled % 2 else bundled)
    ties = _halves(bundled) if bundled % 2 == 0 else 0.0
    decided = 1 - ties if algebra.name == "MAP" else 1.0  # a tie is 0 in MAP, and a coin in BSC
    return _Separation(decides * math.sqrt(dim / decided), math.sqrt(max(0.0, 1 - decides**2 / decided)))


def _halves(n: int) -> float:
    """How likely it is that an even number of coins shows as many heads as tails."""
    if n <= 1024:
        return math.comb(n, n // 2) / 2**n
    return math.sqrt(2 / (math.pi * n)) * (1 - 1 / (4 * n) + 1 / (32 * n * n))  # Stirling


def _phases(algebra: Any, dim: int, bundled: int) -> _Separation:
    """The phase of a sum: it lies around an item's own as 1 + lean cos(difference), for the sum of the others is Gaussian."""
    lean = math.sqrt(math.pi / bundled)
    if algebra.name != "FHRR" and algebra.block_size == 2:
        raise AlgebraError(
            f"no theory is known for {algebra.name} of block_size 2: two angles lie on a line; use BSC, or 3 or more"
        )
    if algebra.name == "FHRR":
        return _Separation(lean / 2 * math.sqrt(2 * dim), math.sqrt(max(0.0, 1 - lean**2 / 2)))
    steps = torch.arange(algebra.block_size, dtype=torch.float64) * (2 * math.pi / algebra.block_size)
    rounded = lean * math.sin(math.pi / algebra.block_size) / (math.pi / algebra.block_size)
    similarities = 1 - 2 / math.pi * torch.minimum(steps, 2 * math.pi - steps)
    excess = rounded * (similarities * steps.cos()).mean().item()
    return _Separation(excess * math.sqrt(dim / algebra.laws.spread), 1.0)


def _places(algebra: Any, dim: int, bundled: int) -> _Separation:
    """The fullest place of each block: an item stands there with those that share it, and else as often as any random one."""
    size, laws = algebra.block_size, algebra.laws
    agreement = (size * _fullest(bundled, size) / bundled - 1) / (size - 1)
    gain = (1 - laws.expected_similarity) * math.sqrt(1 / laws.spread)
    of_block = gain**2 * (size if algebra.name == "SBC" else 1)  # SBC counts its elements, the others their blocks
    deviation = math.sqrt((1 - agreement) * (1 + agreement * of_block))
    return _Separation(agreement * gain * math.sqrt(dim), deviation, _skew(algebra, dim))


def _skew(algebra: Any, dim: int, bundled: int = 1) -> float:
    """Of the similarity of a random vector: in sparse blocks the places that agree are counted, so it is binomial."""
    if algebra.name not in ("SBC", "BSBC"):
        return 0.0
    chance = 1 / algebra.block_size
    blocks = dim * chance if algebra.name == "SBC" else dim
    return (1 - 2 * chance) / math.sqrt(blocks * bundled * chance * (1 - chance))


def _blocks(algebra: Any, dim: int) -> tuple[int, int] | None:
    """How many blocks such sparse vectors have, and of how many places."""
    if algebra.name not in ("SBC", "BSBC"):
        return None
    return (dim // algebra.block_size if algebra.name == "SBC" else dim), algebra.block_size


@lru_cache
def _fullest(bundled: int, size: int) -> float:
    """How many of so many items stand, on average, at the fullest of a block's places.

    The places are filled by independent Poisson numbers, of which we keep the cases where they sum to `bundled`. The powers of
    their generating function are taken by Fourier; beyond twice the total, nothing that it wraps around matters.
    """
    mean = bundled / size
    most = min(bundled, int(2 * mean + 10 * math.sqrt(mean)) + 20)
    try:
        counts = torch.arange(2 * bundled + 64, dtype=torch.float64)
        poisson = (counts * math.log(mean) - mean - torch.lgamma(counts + 1)).exp()
        at_most = torch.where(counts <= torch.arange(most)[:, None], poisson, 0)  # [limit, count]
        together = irfft(rfft(at_most) ** size, len(counts))[:, bundled]
    except RuntimeError as error:
        raise RangeError(f"the fullest place of a block of {size} is not worked out for {bundled} items: too many") from error
    total = math.exp(bundled * math.log(bundled) - bundled - math.lgamma(bundled + 1))
    return (1 - together / total).sum().item()


_CHOICES = {"MAP": _votes, "FHRR": _phases, "SBC": _places}  # what a bundle loses, by where it is summed


def _check(verb: str, task: str, **counts: int) -> None:
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, int):
            raise DtypeError(f"{verb}: {name} must be an integer, got {type(value).__name__}")
        if value < 1:
            raise RangeError(f"{verb}: {name} must be at least 1, got {value if value > -MOST else 'far less'}")
        if value > MOST:
            raise RangeError(f"{verb}: {name} must be at most 2^53, beyond which floats are not told apart")
    if not isinstance(task, str) or task not in ("record", "set"):
        raise RangeError(f'{verb}: the task is "record" or "set", got {task!r}')
    if task == "set" and counts["bundled"] > counts["items"]:
        raise RangeError(f"{verb}: a set of {counts['bundled']} cannot be made of {counts['items']} items, each taken once")


def _check_share(verb: str, name: str, value: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise DtypeError(f"{verb}: {name} must be a number, got {type(value).__name__}")
    if not 0 < value < 1:
        raise RangeError(f"{verb}: {name} must lie between 0 and 1, both excluded; got {value}")

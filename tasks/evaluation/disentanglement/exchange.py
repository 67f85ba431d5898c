"""DMM and DCM of ArSyD: what changes when one unit of a representation, a code or a feature vector, is exchanged."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tasks.data.checks import check_tensor
from tasks.data.dataset import Dataset
from vsa.errors import DtypeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

TEMPERATURE = 10
"""What the published code multiplies rates of change with before the softmax."""

HEADINGS = {"dmm": "DMM", "dmm_published": "DMM as published", "dcm": "DCM", "dcm_published": "DCM as published"}
"""What tables call the numbers of `Exchange`."""


@dataclass(frozen=True)
class Exchange:
    """What exchanging units does; less is better in all four.

    With c the number of factors that change when one unit is exchanged, of F:

    Attributes:
        dmm: the mean of |c - 1|; 0 where every exchange changes exactly one factor, F - 1 where it changes all.
        dmm_published: the mean of |F - c - 1|, as the published code counts: of those that do not change. Where every exchange
            changes exactly one factor it is F - 2, not 0; it is 0 where all but one change.
        dcm: the entropy, in nats, of which factor changes: of the rates of change with which exchanging a unit changes each
            factor, as shares of their sum; the mean over the units. 0 where a unit always changes the same single factor, ln F
            where it changes all alike often, or none ever.
        dcm_published: the same of the softmax of 10 times the rates, as the published code has it; never exactly 0.
        rates: float64 [U, F], how often exchanging each unit changes each factor.
    """

    dmm: float
    dmm_published: float
    dcm: float
    dcm_published: float
    rates: Tensor

    def scores(self) -> dict[str, float]:
        """The numbers by name, without the rates."""
        return {name: getattr(self, name) for name in HEADINGS}


def exchange_metrics(changed: Bool[Tensor, "n units factors"]) -> Exchange:
    """DMM and DCM, from which factors change when each unit is exchanged.

    Args:
        changed: bool [n, U, F], whether exchanging unit u of object i with a donor's changes factor k. Donors should differ from
            the object in every factor: otherwise a unit may rightly change nothing.

    Raises:
        ShapeError: it is not bool [n, U, F], or one of them is 0, or F is below 2.

    Source:
        Korchemnyi, Kovalev and Panov, "Symbolic Disentangled Representations for Images" (ArSyD), 2024; its code, which exchanges
        every unit with every value of a codebook, and takes the mean over these before |.|: here each row has one donor.

    Example:
        >>> result = exchange_metrics(torch.eye(5, dtype=torch.bool)[None])
        >>> result.dmm, result.dmm_published, result.dcm, round(result.dcm_published, 4)
        (0.0, 3.0, 0.0, 0.002)
    """
    check_tensor("changed", changed, torch.bool, "n", "U", "F")
    if not changed.numel() or changed.shape[2] < 2:
        raise ShapeError(f"changed must be bool [n, U, F], none of them 0 and F at least 2, got {list(changed.shape)}")
    count, factors = changed.sum(2).double(), changed.shape[2]
    rates = changed.double().mean(0)
    total = rates.sum(1, keepdim=True)
    shares = torch.where(total > 0, rates / total.clamp(min=1e-300), 1 / factors)
    soft = (rates * TEMPERATURE).softmax(1)
    return Exchange(
        (count - 1).abs().mean().item(),
        (factors - count - 1).abs().mean().item(),
        torch.special.entr(shares).sum(1).mean().clamp(0, math.log(factors)).item(),
        torch.special.entr(soft).sum(1).mean().item(),
        rates,
    )


def changes(
    units: Float[Tensor, "n units dim"],
    donors: Float[Tensor, "n units dim"],
    read: Callable[[Tensor], Tensor],
    dataset: Dataset,
    steps: float = 1,
) -> Bool[Tensor, "n units factors"]:
    """Which factors of objects look different after each unit is exchanged with the donor's.

    Args:
        units: float [n, U, D], the representations; D is 1 for codes that are numbers.
        donors: float [n, U, D], of objects that differ by more than `steps` in every factor, or a unit may rightly change none.
        read: from representations [n, U, D] to the classes that they mean, int64 [n, F]: say, those read from the picture that
            is decoded. To read the exchanged representation itself, unit by unit, would find it disentangled by construction.
        dataset: whose classes they are.
        steps: a factor has changed when its class is more than so many steps away; where it has no order any other is. Classes
            count as far as both objects let them be told apart.

    Returns:
        bool [n, U, F], for `exchange_metrics`.

    Raises:
        ShapeError: units and donors are not both [n, U, D]; or what is read is not int64 [n, F].
        DtypeError: they are not tensors.

    Example:
        >>> from tasks.data.circles import Simple
        >>> units = torch.zeros(1, 3, 1)
        >>> changes(units, units + 2, lambda units: units[..., 0].long(), Dataset(Simple()))[0].int().tolist()[1]
        [0, 1, 0]
    """
    if not isinstance(units, Tensor) or not isinstance(donors, Tensor):
        raise DtypeError(f"units and donors must be tensors, got {type(units).__name__} and {type(donors).__name__}")
    if units.ndim != 3 or units.shape != donors.shape:
        raise ShapeError(f"units and donors must both be [n, U, D], got {list(units.shape)} and {list(donors.shape)}")
    before = read(units).cpu()
    check_tensor("what is read", before, torch.int64, len(units), len(dataset.factors))
    found = []
    for u in range(units.shape[1]):
        exchanged = units.clone()
        exchanged[:, u] = donors[:, u]
        after = read(exchanged).cpu()
        off = torch.minimum(dataset.steps_off(after, before), dataset.steps_off(before, after))
        found.append(off > torch.tensor([steps if factor.ordered else 0 for factor in dataset.factors]))
    return torch.stack(found, 1)

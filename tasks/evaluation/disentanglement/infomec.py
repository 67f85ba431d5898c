"""InfoMEC: modularity, compactness and explicitness, as shares of information."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.evaluation.disentanglement.information import entropies, information
from tasks.evaluation.disentanglement.representation import Representation

INACTIVE = 1 / 20
"""A code whose range is at most this share of the largest range is inactive, and left out of InfoM and InfoC."""


@dataclass(frozen=True)
class InfoMEC:
    """What `infomec` measures; each from 0 to 1.

    Attributes:
        modularity: InfoM, 1 where each active code tells of one factor alone.
        compactness: InfoC, 1 where each factor is told by one active code alone.
        explicitness: InfoE, the share of a factor's entropy that a linear classifier finds in the codes, mean over the factors.
        information: float64 [L, F], what each code tells of each factor, as a share of the factor's entropy.
        active: bool [L], which codes are active.
    """

    modularity: float
    compactness: float
    explicitness: float
    information: NDArray[np.float64]
    active: NDArray[np.bool_]

    def scores(self) -> dict[str, float]:
        """The numbers, as `METRICS` names them."""
        return {"infom": self.modularity, "infoc": self.compactness, "infoe": self.explicitness}


def infomec(representation: Representation) -> InfoMEC:
    """InfoM, InfoC and InfoE.

    InfoM is the mean over active codes of the largest share that one factor has of all that the code tells, InfoC the mean over
    factors of the largest share that one active code has, both of the training samples and scaled so that equal shares are 0.
    InfoE is one minus the log loss of a linear probe on the test samples over that of the class frequencies, not below 0.

    Args:
        representation: of at least two factors, with samples to test on.

    Returns:
        See `InfoMEC`. A code that tells nothing counts as one that tells of all alike, and so does a factor of which nothing
        is told; all three are 0 where all codes are constant. With one active code, InfoC is 1 where it tells anything.

    Raises:
        ShapeError: there is but one factor, or there are no samples to test on.

    Source:
        Hsu, Dorrell, Whittington, Wu and Finn, "Disentanglement via Latent Quantization", 2023, section 5. (Its code estimates
        information of continuous codes from nearest neighbours, and tests InfoE on the samples that it was fitted to.)

    Example:
        >>> classes = torch.cartesian_prod(torch.arange(2), torch.arange(3))
        >>> result = infomec(Representation(classes.float(), classes, classes.float(), classes))
        >>> round(result.modularity, 6), round(result.compactness, 6)
        (1.0, 1.0)
    """
    representation.check_several_factors()
    ranges = representation.codes.max(0) - representation.codes.min(0)
    active = ranges > ranges.max() * INACTIVE
    shares = information(representation) / entropies(representation.classes)
    told = shares[active]
    return InfoMEC(_concentration(told), _concentration(told.T), _explicit(representation), shares, active)


def _concentration(told: NDArray[np.float64]) -> float:
    """The mean over the rows of the largest share, scaled so that equal shares are 0."""
    if not told.size or told.max() <= 1e-12:
        return 0.0
    if told.shape[1] == 1:
        return 1.0
    sums, equal = told.sum(1), 1 / told.shape[1]
    largest = np.where(sums > 1e-12, told.max(1) / np.maximum(sums, 1e-12), equal)
    return float(((largest.mean() - equal) / (1 - equal)).clip(0, 1))


def _explicit(representation: Representation) -> float:
    """InfoE: one minus the log loss of the probes over that of the class frequencies."""
    shares = []
    tested_classes = representation.tested[1]
    for known, tested, of_class in zip(representation.classes.T, tested_classes.T, representation.probabilities, strict=True):
        values, counts = np.unique(known, return_counts=True)
        place = np.searchsorted(values, tested)
        blind = -np.log(counts[place] / len(known)).mean()
        seeing = -np.log(of_class[np.arange(len(tested)), place].clip(1e-12)).mean()
        shares.append(max(0.0, 1 - seeing / blind))
    return float(np.mean(shares))

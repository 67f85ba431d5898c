"""Representations whose metrics are known, of four factors with five values each, every combination equally often.

So the factors are independent in the samples exactly, not only in the limit, and values can be derived.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tasks.data.dsprites.factors import COUNTS
from tasks.evaluation.disentanglement.dci import dci, dci_lasso
from tasks.evaluation.disentanglement.explicitness import explicitness
from tasks.evaluation.disentanglement.infomec import infomec
from tasks.evaluation.disentanglement.information import mig, modularity
from tasks.evaluation.disentanglement.representation import Representation
from tasks.evaluation.disentanglement.sap import sap

FACTORS, VALUES = 4, 5
CLASSES = torch.cartesian_prod(*[torch.arange(VALUES)] * FACTORS)
TRUE = CLASSES.double()
HADAMARD = torch.tensor([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]).double() / 2
MIXED = (TRUE - TRUE.mean(0)) @ HADAMARD
"""A rotation that mixes all factors alike: each code is half the sum of all, with signs."""

Metric = Callable[[Representation], float]


def on_itself(codes: Tensor, classes: Tensor, bins: int | None = 20) -> Representation:
    """A representation that is tested on the samples that it is learnt from."""
    return Representation(codes, classes, codes, classes, bins=bins)


SCORES: dict[str, Metric] = {
    "mig": mig,
    "modularity": modularity,
    "sap": sap,
    "disentanglement": lambda representation: dci(representation, trees=3).disentanglement,
    "completeness": lambda representation: dci(representation, trees=3).completeness,
    "informativeness": lambda representation: dci(representation, trees=3).informativeness,
    "lasso": dci_lasso,
    "explicitness": explicitness,
    "infom": lambda representation: infomec(representation).modularity,
    "infoc": lambda representation: infomec(representation).compactness,
    "infoe": lambda representation: infomec(representation).explicitness,
}


def score(name: str, codes: Tensor, classes: Tensor) -> float:
    """A score by name, learnt and tested on the same samples."""
    return SCORES[name](on_itself(codes, classes))


def noise(n: int, codes: int, seed: int = 0) -> Tensor:
    """Codes that know nothing."""
    return torch.randn(n, codes, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def random_rotation(size: int, seed: int) -> Tensor:
    """A random orthogonal matrix."""
    return torch.linalg.qr(noise(size, size, seed))[0]


def standard(classes: Tensor) -> Tensor:
    """The classes of sprites as codes of about the same deviation."""
    counts = torch.tensor(COUNTS)
    return (classes - (counts - 1) / 2) / counts


def share_of_bins(values: int, bins: int) -> float:
    """The entropy of so many equally frequent values, evenly spaced and cut into bins, over that of the values."""
    counts = np.bincount(np.minimum(np.arange(values) * bins // (values - 1), bins - 1))
    shares: NDArray[np.float64] = counts[counts > 0] / values
    return float(-(shares * np.log(shares)).sum() / np.log(values))

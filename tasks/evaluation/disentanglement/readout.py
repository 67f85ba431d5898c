"""One number for each feature vector: the class of the nearest prototype, for metrics that want numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from tasks.evaluation.disentanglement.representation import check_codes, check_factors
from vsa.errors import DtypeError, RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Int64


def prototypes(features: Tensor, classes: Tensor) -> list[Tensor]:
    """The mean vector of each class of factor f over the f-th feature vectors.

    Args:
        features: float [n, F, D].
        classes: int64 [n, F]; the classes of a factor are numbered from 0.

    Returns:
        float [K, D] for each factor, K its largest class plus one; zeros for a class that no sample has.

    Raises:
        DtypeError, ShapeError, RangeError: they are not as above, or hold NaN; or a class is negative.

    Example:
        >>> prototypes(torch.eye(2)[:, None].expand(2, 2, 2), torch.tensor([[0, 0], [1, 1]]))[0].tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    vectors = check_codes("features", features, dimensions=3)
    factors = check_factors("classes", classes, len(vectors))
    if vectors.shape[1] != factors.shape[1]:
        raise ShapeError(f"there must be a feature vector for each factor, got {vectors.shape[1]} and {factors.shape[1]}")
    if factors.min() < 0 or factors.max() > 2**16:
        raise RangeError(f"classes must be numbered from 0 to at most 2^16, got {factors.min()} to {factors.max()}")
    books = []
    for f in range(factors.shape[1]):
        sums = np.zeros((factors[:, f].max() + 1, vectors.shape[2]))
        np.add.at(sums, factors[:, f], vectors[:, f])
        books.append(torch.from_numpy(sums / np.bincount(factors[:, f]).clip(1)[:, None]).to(features))
    return books


def scalar_readout(features: Tensor, codebooks: list[Tensor]) -> Int64[Tensor, "n factors"]:
    """One number for each feature vector: the class whose prototype is nearest, by the cosine.

    It makes codes of a model of vectors, for metrics that want numbers; they are discrete, so give a `Representation` of them
    `bins=None`. It looks in vector f for factor f alone; what else the vector tells is what `slotwise` is for.

    Args:
        features: float [n, F, D].
        codebooks: float [K, D] for each feature, as `prototypes` makes them, of other samples than these; or a model's own,
            `[book.vectors for book in model.codebooks]`. Prototypes of zeros are never nearest.

    Returns:
        int64 [n, F].

    Raises:
        DtypeError, ShapeError, RangeError: they are not as above, or hold NaN.

    Example:
        >>> scalar_readout(torch.tensor([[[0.1, 0.9]]]), [torch.eye(2)])
        tensor([[1]])
    """
    vectors = torch.from_numpy(check_codes("features", features, dimensions=3))
    if not isinstance(codebooks, list | tuple) or len(codebooks) != vectors.shape[1]:
        got = len(codebooks) if isinstance(codebooks, list | tuple) else type(codebooks).__name__
        raise ShapeError(f"there must be a list of codebooks, one for each of {vectors.shape[1]} feature vectors, got {got}")
    found = []
    for f, book in enumerate(codebooks):
        if not isinstance(book, Tensor):
            raise DtypeError(f"codebook {f} must be a tensor [K, D], got {type(book).__name__}")
        names = torch.from_numpy(check_codes(f"codebook {f}", book))
        if names.shape[1] != vectors.shape[2]:
            raise ShapeError(f"codebook {f} must be [K, {vectors.shape[2]}], as the features, got {list(names.shape)}")
        likeness = vectors[:, f] @ torch.nn.functional.normalize(names, dim=1).T
        found.append(likeness.masked_fill((names == 0).all(1), -torch.inf).argmax(1))
    return torch.stack(found, 1)

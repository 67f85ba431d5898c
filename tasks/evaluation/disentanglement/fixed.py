"""The beta-VAE score and the FactorVAE score: objects that share one factor, and what their codes have in common.

Objects are drawn and encoded once; those that share a factor are then chosen among them. So a few thousand pictures are enough
for any number of groups, and every object is one that may be drawn.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tasks.data.checks import check_generator, check_whole
from tasks.data.factors import canonical
from tasks.data.sampling import Objects, check_drawing
from tasks.evaluation.disentanglement.probes import probe
from tasks.evaluation.disentanglement.tables import Table, Tables, active, check_codes, check_tables, standardise
from vsa.errors import DtypeError, RangeError, ShapeError

Encode = Callable[[Tensor], Tensor]
"""From the classes of objects, int64 [n, 5], to their codes, float [n, L]."""

GROUPS, SIZE, SAMPLES = 2_000, 64, 10_000
"""Groups to learn from, and as many to test on; the objects or pairs in each; and the objects that groups are chosen among."""


def beta_vae_score(
    encode: Encode,
    objects: Objects,
    generator: torch.Generator,
    *,
    n: int = SAMPLES,
    groups: int = GROUPS,
    size: int = SIZE,
    shown: bool = False,
) -> float:
    """How often a linear classifier tells which factor pairs of objects share, from the mean distance of their codes.

    A point is the mean over `size` pairs of the absolute difference, code by code; all its pairs share one factor, and nothing
    else but by chance. The classifier is a logistic regression on standardised points.

    Args:
        encode: classes int64 [n, 5] to codes float [n, L].
        objects: which may be drawn. A factor with one allowed class is left out.
        generator: decides.
        n: objects to choose from for the points learnt from, and as many others for those tested on.
        groups: points to learn from, and as many to test on.
        size: pairs that a point is the mean of.
        shown: count orientations that a shape cannot show as one, see `tasks.data.factors.canonical`.

    Returns:
        The share of right answers, from 0 to 1; by chance one in F, and so where all codes are constant.

    Raises:
        DtypeError, ShapeError, RangeError: an argument is not as above, the codes are not float [n, L] or hold NaN, or of a class
            there is but one object.

    Source:
        Higgins et al., "beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework", 2017, section 3.

    Example:
        >>> beta_vae_score(lambda classes: classes.float(), Objects(), torch.Generator().manual_seed(0), groups=200)
        1.0
    """
    tables = draw_tables(encode, objects, generator, n, shown)
    return beta_vae_of(tables, generator, groups, size)


def factor_vae_score(
    encode: Encode,
    objects: Objects,
    generator: torch.Generator,
    *,
    n: int = SAMPLES,
    groups: int = GROUPS,
    size: int = SIZE,
    shown: bool = False,
) -> float:
    """How often the code that varies least, in a group of objects that share a factor, tells which factor that is.

    Variances are relative to the code's variance over all objects; constant codes do not vote. Each code stands for the factor
    that most groups learnt from, in which it varied least, shared.

    Args:
        encode, objects, generator, n, shown: as for `beta_vae_score`.
        groups: votes to learn from, and as many to test on.
        size: objects in a group.

    Returns:
        The share of right answers, from 0 to 1; by chance one in F; 0 where all codes are constant and none can vote.

    Raises:
        DtypeError, ShapeError, RangeError: as for `beta_vae_score`.

    Source:
        Kim and Mnih, "Disentangling by Factorising", 2018, section 4.

    Example:
        >>> factor_vae_score(lambda classes: classes.float(), Objects(), torch.Generator().manual_seed(0), groups=200)
        1.0
    """
    tables = draw_tables(encode, objects, generator, n, shown)
    return factor_vae_of(tables, generator, groups, size)


def draw_tables(encode: Encode, objects: Objects, generator: torch.Generator, n: int, shown: bool = False) -> Tables:
    """Codes and classes of n objects to learn from, and of n others to test on; factors with one allowed class are left out."""
    check_drawing(objects, generator)
    check_whole("n", n, 2)
    if not callable(encode):
        raise DtypeError(f"encode must be a function from classes [n, 5] to codes [n, L], got {type(encode).__name__}")
    varied = [f for f, allowed in enumerate(objects.allowed) if len(allowed.unique()) > 1]
    if len(varied) < 2:
        raise RangeError(f"two factors at least must have more than one allowed class, got {len(varied)}")
    parts: list[Table] = []
    for _ in range(2):
        drawn = objects.sample(n, generator)
        with torch.inference_mode():
            codes = encode(drawn.clone())
        if len(check_codes("what encode returns", codes)) != n:
            raise ShapeError(f"encode must return codes [{n}, L] for classes [{n}, 5], got {list(codes.shape)}")
        parts += [codes, (canonical(drawn) if shown else drawn)[:, varied]]
    return check_tables(*parts, factors=2)


def beta_vae_of(tables: Tables, generator: torch.Generator, groups: int = GROUPS, size: int = SIZE) -> float:
    """The beta-VAE score of tables, see `beta_vae_score`: groups are chosen among the first two, and tested on the others."""
    points, shared = [], []
    for codes, classes in (tables[:2], tables[2:]):
        factor, which = share_a_factor(classes, groups, 2 * size, generator)
        a, b = which.reshape(groups, size, 2).transpose(2, 0, 1)
        points.append(np.stack([np.abs(code[a] - code[b]).mean(1) for code in codes.T], 1))
        shared.append(factor)
    train, test = standardise(*points)
    if not np.isin(shared[1], shared[0]).all() or len(np.unique(shared[0])) < 2:
        raise RangeError(f"{groups} groups are too few: every factor must be shared in some of them")
    return float((probe(train, shared[0]).predict(test) == shared[1]).mean())


def factor_vae_of(tables: Tables, generator: torch.Generator, groups: int = GROUPS, size: int = SIZE) -> float:
    """The FactorVAE score of tables, see `factor_vae_score`: groups are chosen among the first two, and tested on the others."""
    varied = active(tables[0])
    if not varied.any():
        return 0.0
    votes = []
    for codes, classes in (tables[:2], tables[2:]):
        factor, which = share_a_factor(classes, groups, size, generator)
        codes = standardise(tables[0][:, varied], codes[:, varied])[1]
        least = np.stack([code[which].var(1) for code in codes.T], 1).argmin(1)
        count = np.zeros((codes.shape[1], classes.shape[1]), np.int64)
        np.add.at(count, (least, factor), 1)
        votes.append(count)
    learnt, tested = votes
    return float(tested[np.arange(len(tested)), learnt.argmax(1)].sum() / tested.sum())


def share_a_factor(
    classes: NDArray[np.int64], groups: int, size: int, generator: torch.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Groups of objects that share one factor, chosen among those given: whole batches, with replacement.

    The factor of each group is any, alike often; the class that its objects share is that of any object; then its objects are
    any that have this class, alike often.

    Args:
        classes: int64 [n, F].
        groups: how many.
        size: objects in each.
        generator: decides.

    Returns:
        The factor of each group, int64 [groups], and its objects' rows, int64 [groups, size].

    Raises:
        RangeError: there is but one object of some class, which would be compared with itself.
    """
    check_generator(generator)
    check_whole("groups", groups, 1)
    check_whole("size", size, 2)
    n, factors = classes.shape
    factor = torch.randint(factors, (groups,), generator=generator).numpy()
    anchor = torch.randint(n, (groups,), generator=generator).numpy()
    place = torch.rand(groups, size, generator=generator, dtype=torch.float64).numpy()
    rows = np.empty((groups, size), np.int64)
    for k in range(factors):
        order = np.argsort(classes[:, k], kind="stable")
        ordered = classes[order, k]
        if np.unique(ordered, return_counts=True)[1].min() < 2:
            raise RangeError(f"there must be two objects of every class, got one of some class of factor {k}; draw more than {n}")
        here = factor == k
        wanted = classes[anchor[here], k]
        first, last = np.searchsorted(ordered, wanted, "left"), np.searchsorted(ordered, wanted, "right")
        rows[here] = order[first[:, None] + (place[here] * (last - first)[:, None]).astype(np.int64)]
    return factor, rows

"""The beta-VAE score and the FactorVAE score: objects that share one factor, and what their codes have in common.

Objects are drawn and encoded once; those that share a factor are then chosen among them. So a few thousand pictures are enough
for any number of groups, and every object is one that may be drawn.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from tasks.data.checks import check_generator, check_whole
from tasks.evaluation.disentanglement.probes import not_constant, probe, standardise
from tasks.evaluation.disentanglement.representation import Representation
from vsa.errors import RangeError

GROUPS, SIZE = 2_000, 64
"""Groups to learn from, and as many to test on; the objects or pairs in each."""


def beta_vae_score(
    representation: Representation, generator: torch.Generator, *, groups: int = GROUPS, size: int = SIZE
) -> float:
    """How often a linear classifier tells which factor pairs of objects share, from the mean distance of their codes.

    A point is the mean over `size` pairs of the absolute difference, code by code; all its pairs share one factor, and nothing
    else but by chance. The classifier is a logistic regression on standardised points.

    Args:
        representation: of at least two factors, with samples to test on; pairs are chosen among its samples.
        generator: decides which.
        groups: points to learn from, and as many to test on.
        size: pairs that a point is the mean of.

    Returns:
        The share of right answers, from 0 to 1; by chance one in F, and so where all codes are constant.

    Raises:
        ShapeError: there is but one factor, or there are no samples to test on.
        DtypeError, RangeError: another argument is not as above, or of a class there is but one object.

    Source:
        Higgins et al., "beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework", 2017, section 3.

    Example:
        >>> from tasks.data import Dataset
        >>> from tasks.data.circles import Simple
        >>> from tasks.data.population import Population
        >>> from tasks.evaluation.disentanglement.representation import represent
        >>> generator = torch.Generator().manual_seed(0)
        >>> simple = represent(lambda classes: classes.float(), Population(Dataset(Simple())), generator)
        >>> beta_vae_score(simple, generator, groups=200)
        1.0
    """
    representation.check_several_factors()
    points, shared = [], []
    for codes, classes in ((representation.codes, representation.classes), representation.tested):
        factor, which = share_a_factor(classes, groups, 2 * size, generator)
        a, b = which.reshape(groups, size, 2).transpose(2, 0, 1)
        points.append(np.stack([np.abs(code[a] - code[b]).mean(1) for code in codes.T], 1))
        shared.append(factor)
    train, test = standardise(*points)
    if not np.isin(shared[1], shared[0]).all() or len(np.unique(shared[0])) < 2:
        raise RangeError(f"{groups} groups are too few: every factor must be shared in some of them")
    return float((probe(train, shared[0]).predict(test) == shared[1]).mean())


def factor_vae_score(
    representation: Representation, generator: torch.Generator, *, groups: int = GROUPS, size: int = SIZE
) -> float:
    """How often the code that varies least, in a group of objects that share a factor, tells which factor that is.

    Variances are relative to the code's variance over all objects; constant codes do not vote. Each code stands for the factor
    that most groups learnt from, in which it varied least, shared.

    Args:
        representation, generator: as for `beta_vae_score`.
        groups: votes to learn from, and as many to test on.
        size: objects in a group.

    Returns:
        The share of right answers, from 0 to 1; by chance one in F; 0 where all codes are constant and none can vote.

    Raises:
        DtypeError, ShapeError, RangeError: as for `beta_vae_score`.

    Source:
        Kim and Mnih, "Disentangling by Factorising", 2018, section 4.

    Example:
        >>> from tasks.data import Dataset
        >>> from tasks.data.circles import Simple
        >>> from tasks.data.population import Population
        >>> from tasks.evaluation.disentanglement.representation import represent
        >>> generator = torch.Generator().manual_seed(0)
        >>> simple = represent(lambda classes: classes.float(), Population(Dataset(Simple())), generator)
        >>> factor_vae_score(simple, generator, groups=200)
        1.0
    """
    representation.check_several_factors()
    varied = not_constant(representation.codes)
    if not varied.any():
        return 0.0
    votes = []
    for codes, classes in ((representation.codes, representation.classes), representation.tested):
        factor, which = share_a_factor(classes, groups, size, generator)
        codes = standardise(representation.codes[:, varied], codes[:, varied])[1]
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

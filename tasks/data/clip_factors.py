"""What a data set of clips says of its factors: which change within a clip, and which coarser ones a factor says.

Both are optional members. A factor whose class can be seen in one frame stays; one of which a class is a course of frames is
dynamic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tasks.data.dataset import Dataset
from vsa.errors import DtypeError, RangeError


@dataclass(frozen=True)
class Coarser:
    """A factor that another one says: of which action a motion is, say, whatever its direction.

    Attributes:
        name: of the coarser factor.
        of: the name of the factor that says it.
        labels: of its own classes.
        classes: int64 [n], its class for each class of the factor.
    """

    name: str
    of: str
    labels: tuple[str, ...]
    classes: Tensor

    def sums(self, probabilities: Tensor) -> Tensor:
        """How probable each of its classes is, [B, labels], where those of the factor are [B, n].

        Example:
            >>> Coarser("way", "motion", ("left", "right"), torch.tensor([0, 1, 0])).sums(torch.tensor([[0.5, 0.25, 0.25]]))
            tensor([[0.7500, 0.2500]])
        """
        return probabilities.new_zeros(len(probabilities), len(self.labels)).index_add(1, self.classes, probabilities)


def dynamic_of(dataset: Dataset) -> tuple[str, ...]:
    """The names of the factors that change within a clip, of a data set in which some do and some do not.

    Raises:
        RangeError: it does not say which, or all of its factors do.

    Example:
        >>> from tasks.data.dataset import open_dataset
        >>> dynamic_of(open_dataset("cast"))
        ('motion',)
    """
    if not dataset.dynamic:
        raise RangeError(
            f"the data set {dataset.name} does not say which of its factors change within a clip; its member `dynamic` names them"
        )
    if len(dataset.dynamic) == len(dataset.features):
        raise RangeError(f"all factors of the data set {dataset.name} change within a clip, and none is left that stays")
    return dataset.dynamic


def coarser_of(dataset: Dataset) -> tuple[Coarser, ...]:
    """The coarser factors that factors of a data set say; none if it does not say so.

    Raises:
        DtypeError: its member `coarser` maps no factors to names with a text for each class.
        RangeError: it names what is no factor, or a name is one; or there are more or fewer texts than classes.

    Example:
        >>> from tasks.data.dataset import open_dataset
        >>> [(part.name, part.labels, part.classes.tolist()) for part in coarser_of(open_dataset("cast"))][0]
        ('action', ('walk', 'spellcard', 'slash'), [0, 0, 0, 1, 1, 1, 2, 2, 2])
    """
    given: Any = getattr(dataset.given, "coarser", {})
    whose = f"coarser of the data set {dataset.name}"
    if not isinstance(given, Mapping) or not all(isinstance(parts, Mapping) for parts in given.values()):
        raise DtypeError(f"{whose} must map factors to coarser ones by name, got {given!r:.200}")
    found: list[Coarser] = []
    for of, parts in given.items():
        if of not in dataset.features:
            raise RangeError(f"{whose} names {of!r:.100}, which is no factor ({', '.join(dataset.features)})")
        count = dataset.counts[dataset.features.index(of)]
        for name, texts in parts.items():
            if not isinstance(texts, (tuple, list)) or not all(isinstance(text, str) for text in (name, *texts)):
                raise DtypeError(f"{whose}: {name!r:.100} must have a text for each class of {of}, got {texts!r:.200}")
            if len(texts) != count or name in (*dataset.features, *(other.name for other in found)):
                raise RangeError(f"{whose}: {name} must have {count} texts, and a name of its own, got {len(texts)}")
            labels = tuple(dict.fromkeys(texts))
            found.append(Coarser(name, of, labels, torch.tensor([labels.index(text) for text in texts])))
    return tuple(found)

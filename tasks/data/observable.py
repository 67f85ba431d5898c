"""What can be observed: a protocol that takes forty lines to fulfil.

A data set is every combination of the classes of its factors, and what each looks like:

    class Dots:
        name = "dots"
        factors = (Factor("x", range(16)), Factor("y", range(16)))
        shape = (1, 16, 16)

        def observe(self, classes):
            pictures = torch.zeros(len(classes), *self.shape, dtype=torch.uint8)
            pictures[torch.arange(len(classes)), 0, classes[:, 1], classes[:, 0]] = 1
            return pictures

        def canonical(self, classes):
            return classes

Nothing outside of a data set's own file knows its factors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from torch import Tensor

from tasks.data.factor import Factor


@runtime_checkable
class Observable(Protocol):
    """What a data set has to have. A plugin is called without arguments to make one.

    Beside these it may have, where it can say more than the classes do:

    * `distinct(classes)`: one code for the very same observation, as `canonical` for what looks alike; of that one if not given.
    * `identifiable`: by factor, those of its classes of which no two look alike, whatever the others are.
    * `steps_off(found, right, sources)`: how far apart classes look, see `Dataset.steps_off`.
    * `alternatives(classes, sources)`: all observations that are right, see `Dataset.alternatives`.
    * `splits`: by name, what is held out of the training: the expression of a test, or a `tasks.data.declaration.HeldOut`.
    * `numbers`: by name, a function from classes to a number of each combination, which splits may name; see `Dataset.number`.
    * `nearest(pictures)`: the classes that a picture is most like, see `Dataset.nearest`.
    * `dynamic`: of clips, the names of the factors that change within a clip; all others stay.
    * `nearest_frames(clips)`: int64 [n, T, F], the classes that each frame by itself is most like; nobody looks at those of
      dynamic factors.
    * `coarser`, of clips: by factor, coarser ones by name, with a text for each class: `{"motion": {"action": ("walk", ...)}}`.
    """

    @property
    def name(self) -> str:
        """What it is called; an attribute will do, as for the others."""
        ...

    @property
    def factors(self) -> Sequence[Factor]:
        """Its factors, in the order of the columns of classes."""
        ...

    @property
    def shape(self) -> Sequence[int]:
        """Of an observation: channels, height, width; of a clip the number of frames before these."""
        ...

    def observe(self, classes: Tensor) -> Tensor:
        """Observations of the shape [n, *shape] of classes, int64 [n, F].

        Either uint8, 0 and 1, or 0 to 255; or floating point numbers from 0 to 1. The same classes look the same always.
        """
        ...

    def canonical(self, classes: Tensor) -> Tensor:
        """Of classes, int64 [n, F], those that stand for all that look alike: themselves, if nothing does."""
        ...

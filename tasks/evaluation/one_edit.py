"""One edit of one scene, chosen by its numbers: what is given, what is drawn after it, and what is read back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tasks.data.dsprites import SIZE, render
from tasks.data.factors import FACTORS, FEATURES, ORIENTATION, SHAPE, SHAPES, SYMMETRY, canonical, distinct
from tasks.data.sampling import Objects
from tasks.evaluation.colours import COLOURS, coloured, difference, grey
from tasks.evaluation.counterfactuals import Edits, draw, encode, steps_off
from tasks.evaluation.grid import Panel, write_panels
from tasks.evaluation.overlap import iou
from tasks.model import SceneModel
from vsa.errors import RangeError, SymbolError, choices

if TYPE_CHECKING:
    from jaxtyping import Float, Int64, UInt8

MOST = 3
"""So many objects are in a picture at most."""

SPRITES = 3
"""So many sprites there are at least, in the picture and beside it."""

SCENES = 1024
"""Of how many random scenes one is chosen."""


def sample_sprites(pictured: int, objects: Objects, generator: torch.Generator) -> Int64[Tensor, "n 5"]:
    """Sprites of which the first ones do not overlap, and of which any two differ in as much as can be; one more, or a few.

    Args:
        pictured: how many of them are in one picture.
        objects: what they are.
        generator: decides which.

    Raises:
        RangeError: no so many of these objects fit into one picture.
    """
    count = max(SPRITES, pictured + 1)
    drawn = objects.sample(SCENES * count, generator).unflatten(0, (SCENES, count))
    pictures = render(drawn[:, :pictured].flatten(0, 1)).unflatten(0, (SCENES, pictured))
    fits = (pictures.sum(1) <= 1).flatten(1).all(1)
    if not fits.any():
        raise RangeError(f"no {pictured} objects of {objects.describe()} lie apart in one picture, of {SCENES} that were drawn")
    looks = distinct(drawn)
    differences = (looks[:, :, None] != looks[:, None]).sum((1, 2))  # by feature
    # A square that is turned by a quarter is read as one that is not, so better have those that say what they are.
    plain = (canonical(drawn) == drawn).all(-1).sum(1)
    score = (differences.sum(1) + plain).masked_fill(~fits, -1)
    return drawn[score.argmax()]


@dataclass(frozen=True)
class OneEdit:
    """An object of a scene takes a feature from another sprite, by algebra on the scene's vector.

    Attributes:
        sprites: int64 [n, 5]; the first ones are in the picture.
        pictured: how many of them are.
        object: which one is edited, from 0.
        feature: which feature it takes, 0 to 4.
        donor: from which sprite, from 0.

    Raises:
        RangeError: there is no such object, or no such sprite to take from.
    """

    sprites: Int64[Tensor, "n 5"]
    pictured: int
    object: int
    feature: int
    donor: int

    def __post_init__(self) -> None:
        n = len(self.sprites)
        if not 0 <= self.object < self.pictured:
            there = (
                "1, the only one in the picture" if self.pictured == 1 else f"1 to {self.pictured}, one of those in the picture"
            )
            raise RangeError(f"object must be {there}, got {self.object + 1}")
        if not 0 <= self.donor < n or self.donor == self.object:
            others = ", ".join(str(k + 1) for k in range(n) if k != self.object)
            raise RangeError(f"from must be another sprite than object {self.object + 1}: one of {others}; got {self.donor + 1}")

    def scene(self) -> Int64[Tensor, "m 5"]:
        """The objects in the picture before the edit."""
        return self.sprites[: self.pictured]

    def edited(self) -> Int64[Tensor, "m 5"]:
        """The objects in the picture after it."""
        after = self.scene().clone()
        after[self.object, self.feature] = self.sprites[self.donor, self.feature]
        return after

    def title(self) -> str:
        """What is done, in words."""
        return f"object {self.object + 1} takes the {FEATURES[self.feature]} of sprite {self.donor + 1}"

    @torch.inference_mode()
    def vectors(self, model: SceneModel) -> tuple[Float[Tensor, " dim"], Float[Tensor, " dim"]]:
        """The scene's vector [D], before and after the edit."""
        features = encode(model, self.sprites)
        scene = model.scene(model.object(features[: self.pictured]))
        old, new = features[self.object, self.feature], features[self.donor, self.feature]
        return scene, model.edit(scene, self.object, FEATURES[self.feature], old=old, new=new)

    def truth(self, picture: Float[Tensor, "64 64"]) -> tuple[UInt8[Tensor, "64 64"], float]:
        """Of the exact renderings that are right the one that the picture overlaps most, and the IoU with it."""
        kept = [k for k in range(self.pictured) if k != self.object]
        donors = self.sprites[self.donor].expand(1, len(FACTORS), -1)
        edited = self.edited()[self.object][None]
        edits = Edits((self.feature,), self.sprites[self.object][None], self.sprites[kept][None], donors, edited)
        right, overlaps = edits.best_truths(picture[None] > 0.5)
        return right[0], overlaps.item()

    def wrong(self, read: Int64[Tensor, "m 5"]) -> list[list[int]]:
        """For each object the features that are read otherwise than they look after the edit."""
        right = self.edited()
        wrong = []
        for k in range(self.pictured):
            taken = k == self.object and self.feature == ORIENTATION
            symmetry = torch.tensor(SYMMETRY)[self.sprites[self.donor if taken else k, SHAPE]][None]
            off = [steps_off(f, read[k, f, None], right[k, f, None], symmetry).item() for f in range(len(FACTORS))]
            wrong.append([f for f, steps in enumerate(off) if steps >= 0.5])
        return wrong

    def write(self, model: SceneModel, path: Path) -> tuple[float, float]:
        """Write the picture: the scene, the donor, both as the model draws them, the truth and the difference, as a PNG.

        Returns:
            The IoU of what is drawn with the exact rendering, before and after the edit.
        """
        before, after = (draw(model, vector[None])[0] for vector in self.vectors(model))
        right, overlap = self.truth(after)
        given = render(self.scene()).amax(0)
        first = iou(before > 0.5, given.bool()).item()
        scene = _coloured(self.scene(), range(self.pictured))
        donor = _coloured(self.sprites[self.donor][None], [self.donor])
        kept = [k for k in range(self.pictured) if k != self.object]
        rest = _coloured(self.scene()[kept], kept)
        moved = (right.bool() & ~rest.amax(0).bool()).float()
        truth = rest + coloured(moved[None], colour=COLOURS[self.object])[0]
        pictures = (
            scene,
            donor,
            grey(before[None])[0],
            grey(after[None])[0],
            truth,
            difference(after[None], right[None].float())[0],
        )
        name = FEATURES[self.feature]
        columns = ("scene", f"sprite {self.donor + 1}\ngives {name}", "decoded", "edited\nby algebra", "truth", "difference")
        notes = {0: ("", "", f"IoU {first:.2f}", f"IoU {overlap:.2f}", "", "")}
        used = ", ".join(f"{k + 1} {NAMES[k]}" for k in sorted({*range(self.pictured), self.donor}))
        caption = (
            f"Sprites by number: {used}. White: decoded from the scene's vector, before "
            f"and after the {name} of object {self.object + 1} was exchanged in it. Difference: red too much, blue too little."
        )
        panel = Panel(torch.stack(pictures)[None], self.title(), columns, (), notes, (), (2, 4))
        write_panels(path, [panel], caption)
        return first, overlap


NAMES = ("amber", "blue", "green", "red", "violet")
"""What the colours are called."""


def feature_of(name: str) -> int:
    """The number of a feature.

    Raises:
        SymbolError: there is none of that name; the message lists them.
    """
    if name not in FEATURES:
        raise SymbolError(f"there is no feature {name!r}; {choices(name, FEATURES)}")
    return FEATURES.index(name)


def in_words(classes: Tensor) -> str:
    """The classes of a sprite, int64 [5], with the name of its shape.

    Example:
        >>> in_words(torch.tensor([2, 5, 8, 24, 20]))
        'heart, scale 5, orientation 8, x 24, y 20'
    """
    shape, *rest = classes.tolist()
    return ", ".join([SHAPES[shape], *(f"{name} {value}" for name, value in zip(FEATURES[1:], rest, strict=True))])


def _coloured(sprites: Tensor, numbers: list[int] | range) -> Tensor:
    """Sprites in one picture, float [3, 64, 64], each in the colour of its number."""
    if not len(sprites):
        return torch.zeros(3, SIZE, SIZE)
    return coloured(render(sprites), colour=COLOURS[list(numbers)]).amax(0)

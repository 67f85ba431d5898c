"""A single edit of a scene: what is given, what is drawn after the edit, and what is read back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tasks.data.dataset import Dataset
from tasks.data.overlap import iou
from tasks.data.population import Population
from tasks.data.scenes import observe_scenes
from tasks.evaluation.colours import COLOURS, coloured, difference, rgb
from tasks.evaluation.counterfactuals import Edits, draw, encode
from tasks.evaluation.grid import Panel, write_panels
from tasks.symbolic.model import SceneModel
from vsa.errors import RangeError, SymbolError, choices

if TYPE_CHECKING:
    from jaxtyping import Float, Int64, Shaped

MOST = 3
"""The most objects in a picture."""

FEWEST = 3
"""The fewest objects, those in the picture and those beside it together."""

SCENES = 1024
"""The number of random scenes from which one is chosen."""


def sample_objects(pictured: int, population: Population, generator: torch.Generator) -> Int64[Tensor, "n f"]:
    """Objects that differ in as many features as can be, the first ones without overlap; at least one more than are pictured.

    Args:
        pictured: how many of them are in the picture.
        population: what they are.
        generator: decides which.

    Raises:
        RangeError: not so many of these objects fit into one picture.
    """
    count = max(FEWEST, pictured + 1)
    dataset = population.dataset
    drawn = population.sample(SCENES * count, generator).unflatten(0, (SCENES, count))
    masks = dataset.mask(dataset.observe(drawn[:, :pictured].flatten(0, 1))).unflatten(0, (SCENES, pictured))
    fits = (masks.sum(1) <= 1).flatten(1).all(1)
    if not fits.any():
        raise RangeError(
            f"no {pictured} objects of {population.describe()} lie apart in one picture, of {SCENES} that were drawn"
        )
    looks = dataset.distinct(drawn)
    differences = (looks[:, :, None] != looks[:, None]).sum((1, 2))  # by feature
    # What looks like another is read as that one, so better have those that say what they are.
    plain = (dataset.canonical(drawn) == drawn).all(-1).sum(1)
    score = (differences.sum(1) + plain).masked_fill(~fits, -1)
    return drawn[score.argmax()]


@dataclass(frozen=True)
class SceneEdit:
    """An object of a scene takes a feature from another one, by algebra on the scene's vector.

    Attributes:
        dataset: whose objects they are.
        objects: int64 [n, F]; the first ones are in the picture.
        pictured: how many of them are.
        object: which one is edited, from 0.
        feature: which feature it takes, by number.
        donor: from which object, from 0.

    Raises:
        RangeError: there is no such object, or none to take from.
    """

    dataset: Dataset
    objects: Int64[Tensor, "n f"]
    pictured: int
    object: int
    feature: int
    donor: int

    def __post_init__(self) -> None:
        n = len(self.objects)
        if not 0 <= self.object < self.pictured:
            there = (
                "1, the only one in the picture" if self.pictured == 1 else f"1 to {self.pictured}, one of those in the picture"
            )
            raise RangeError(f"object must be {there}, got {self.object + 1}")
        if not 0 <= self.donor < n or self.donor == self.object:
            others = ", ".join(str(k + 1) for k in range(n) if k != self.object)
            raise RangeError(f"from must be another object than {self.object + 1}: one of {others}; got {self.donor + 1}")

    def scene(self) -> Int64[Tensor, "m f"]:
        """The objects in the picture before the edit."""
        return self.objects[: self.pictured]

    def edited(self) -> Int64[Tensor, "m f"]:
        """The objects in the picture after it."""
        after = self.scene().clone()
        after[self.object, self.feature] = self.objects[self.donor, self.feature]
        return after

    def title(self) -> str:
        """What is done, in words."""
        return f"object {self.object + 1} takes the {self.dataset.features[self.feature]} of object {self.donor + 1}"

    @torch.inference_mode()
    def vectors(self, model: SceneModel) -> tuple[Float[Tensor, " dim"], Float[Tensor, " dim"]]:
        """The scene's vector [D], before and after the edit."""
        features = encode(model, self.objects, self.dataset)
        scene = model.scene(model.object(features[: self.pictured]))
        old, new = features[self.object, self.feature], features[self.donor, self.feature]
        return scene, model.edit(scene, self.object, self.dataset.features[self.feature], old=old, new=new)

    def truth(self, picture: Float[Tensor, "c h w"]) -> tuple[Shaped[Tensor, "c h w"], float]:
        """Of the exact pictures that are right the one that the picture overlaps most, and the IoU with it."""
        kept = [k for k in range(self.pictured) if k != self.object]
        donors = self.objects[self.donor].expand(1, len(self.dataset.factors), -1)
        edited = self.edited()[self.object][None]
        first, others = self.objects[self.object][None], self.objects[kept][None]
        edits = Edits(self.dataset, (self.feature,), first, others, donors, edited)
        right, overlaps = edits.best_truths(self.dataset.crisp(picture[None]))
        return right[0], overlaps.item()

    def wrong(self, read: Int64[Tensor, "m f"]) -> list[list[int]]:
        """For each object the features that are read otherwise than they look after the edit."""
        sources = self.scene()[:, None].repeat(1, len(self.dataset.factors), 1)
        sources[self.object, self.feature] = self.objects[self.donor]
        off = self.dataset.steps_off(read, self.edited(), sources)
        return [[f for f, steps in enumerate(row) if steps >= 0.5] for row in off.tolist()]

    def write(self, model: SceneModel, path: Path) -> tuple[float, float]:
        """Write the picture: the scene, the donor, both as the model draws them, the truth and the difference, as a PNG.

        Returns:
            The IoU of what is drawn with the exact picture, before and after the edit.
        """
        before, after = (draw(model, vector[None])[0] for vector in self.vectors(model))
        right, overlap = self.truth(after)
        dataset = self.dataset
        given = observe_scenes(self.scene()[None], dataset)[0]
        first = iou(dataset.crisp(before), dataset.crisp(given)).item()
        scene = _coloured(self.scene(), range(self.pictured), dataset)
        donor = _coloured(self.objects[self.donor][None], [self.donor], dataset)
        kept = [k for k in range(self.pictured) if k != self.object]
        rest = _coloured(self.scene()[kept], kept, dataset)
        moved = right * (rest.amax(0) == 0)
        truth = rest + coloured(moved[None], colour=COLOURS[self.object])[0]
        pictures = (
            scene,
            donor,
            rgb(before[None])[0],
            rgb(after[None])[0],
            truth,
            difference(after[None], right[None].float())[0],
        )
        name = dataset.features[self.feature]
        columns = ("scene", f"object {self.donor + 1}\ngives {name}", "decoded", "edited\nby algebra", "truth", "difference")
        notes = {0: ("", "", f"IoU {first:.2f}", f"IoU {overlap:.2f}", "", "")}
        used = ", ".join(f"{k + 1} {NAMES[k]}" for k in sorted({*range(self.pictured), self.donor}))
        caption = (
            f"Objects by number: {used}. White: decoded from the scene's vector, before "
            f"and after the {name} of object {self.object + 1} was exchanged in it. Difference: red too much, blue too little."
        )
        panel = Panel(torch.stack(pictures)[None], self.title(), columns, (), notes, (), (2, 4))
        write_panels(path, [panel], caption)
        return first, overlap


NAMES = ("amber", "blue", "green", "red", "violet")
"""What the colours are called."""


def feature_of(name: str, dataset: Dataset) -> int:
    """The number of a feature.

    Raises:
        SymbolError: there is none of that name; the message lists them.
    """
    if name not in dataset.features:
        raise SymbolError(f"there is no feature {name!r}; {choices(name, dataset.features)}")
    return dataset.features.index(name)


def in_words(classes: Tensor, dataset: Dataset) -> str:
    """The classes of an object, int64 [F]: the names of those that have names, the numbers of the others.

    Example:
        >>> from tasks.data.circles import Simple
        >>> in_words(torch.tensor([4, 20, 1]), Dataset(Simple()))
        'x 4, y 20, triangle'
    """
    named = zip(dataset.factors, classes.tolist(), strict=True)
    return ", ".join(factor.labels[k] if factor.named else f"{factor.name} {k}" for factor, k in named)


def _coloured(objects: Tensor, numbers: list[int] | range, dataset: Dataset) -> Tensor:
    """Objects in one picture, float [3, H, W], each in the colour of its number."""
    if not len(objects):
        return torch.zeros(3, *dataset.picture[1:])
    return coloured(dataset.observe(objects), colour=COLOURS[list(numbers)]).amax(0)

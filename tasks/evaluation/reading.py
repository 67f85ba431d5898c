"""Reading back: codebooks learnt from pictures, and how often unbinding and cleanup name what a vector holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from tasks.data.checks import NotInPartError
from tasks.data.dataset import Dataset
from tasks.data.declared import Declared
from tasks.data.factor import Factor
from tasks.data.population import Population
from tasks.data.scenes import ABSENT
from tasks.evaluation.counterfactuals import SLOT, edit_by_algebra, encode, sample_edits
from tasks.symbolic.model import SceneModel
from vsa import ItemMemory

if TYPE_CHECKING:
    from jaxtyping import Float, Int64

    from encoders.power import Power

PICTURES = 8000
"""How many pictures, or frames of clips, codebooks are learnt from: 200 of each class of a factor with 40, more of others."""


def empty_codebooks(model: SceneModel, dataset: Declared) -> list[ItemMemory]:
    """Give the model a codebook for each feature, with the names of its values and vectors that mean nothing yet."""
    device = model.roles.vectors.device
    books = [ItemMemory(factor.labels, model.roles.dim, algebra=model.algebra).to(device) for factor in dataset.factors]
    model.codebooks = nn.ModuleList(books)
    return books


def learn_codebooks(model: SceneModel, population: Population, generator: torch.Generator, pictures: int = PICTURES) -> None:
    """Give the model a codebook for each feature: the prototype of a value is the mean of its pictures' feature vectors.

    Of a feature that is a power the vectors are computed, so those of values that no picture shows are known too.

    Classes that look alike count as one, see `Dataset.canonical`; a class that is another one's picture has that one's prototype.

    Args:
        model: in evaluation mode.
        population: what the pictures show; those that were trained on.
        generator: decides which.
        pictures: how many; of clips, how many frames.
    """
    dataset = population.dataset
    classes = population.sample(-(-pictures // (dataset.frames or 1)), generator)
    features, shown = encode(model, classes, dataset).cpu(), dataset.canonical(classes)
    for f, book in enumerate(empty_codebooks(model, dataset)):
        if power := model.powers.get(dataset.features[f]):
            prototypes = computed(power, dataset.factors[f], features[:, f], shown[:, f])
        else:
            sums = torch.zeros(len(book), model.dim).index_add_(0, shown[:, f], features[:, f])
            prototypes = sums / shown[:, f].bincount(minlength=len(book)).clamp(min=1)[:, None]
        same = torch.zeros(len(book), len(dataset.factors), dtype=torch.int64)
        same[:, f] = torch.arange(len(book))
        with torch.no_grad():
            book.vectors.copy_(model.as_hypervectors(prototypes[dataset.distinct(same)[:, f]]))


@torch.no_grad()
def computed(power: Power, factor: Factor, features: Float[Tensor, "n dim"], shown: Int64[Tensor, "n"]) -> Float[Tensor, "v dim"]:
    """The feature vectors of all values of a factor that is a power: the numbers lie on a line over the values.

    Their numbers follow from those that pictures of some values have; so the vectors of the others are known too.

    Args:
        power: of the feature.
        factor: its values are numbers.
        features: [n, D], the feature's vectors in pictures.
        shown: int64 [n], the classes that these show.
    """
    device = next(power.buffers()).device
    values = torch.tensor([float(value) for value in factor.values], dtype=torch.float64)
    numbers = power.read(features.to(device)).double().cpu()
    return power(power.along(values, shown, numbers).float().to(device)).cpu()


def measure_reading(
    model: SceneModel, others: int, population: Population, n: int, generator: torch.Generator
) -> dict[str, dict[str, float]]:
    """How often unbinding and cleanup name the right value, before and after an edit; by feature.

    Args:
        model: in evaluation mode, with codebooks.
        others: how many objects are in a picture beside the one that is read, 0 or 1.
        population: what the pictures are made of.
        n: pictures for each feature that is edited.
        generator: decides which.

    Returns:
        read, read_within_one: of the object as it was, over all pictures; read_edited, read_edited_within_one: of the edited
        feature after the edit; and read_untouched, of all others after it, at most one step off. A feature that cannot be
        exchanged among these objects is left out of what is read after an edit.
    """
    dataset = population.dataset
    before, after, untouched = Tally(dataset), Tally(dataset), Tally(dataset)
    features = range(len(dataset.factors))
    for f in features:
        try:
            edits = sample_edits(n, (f,), others, population, generator)
        except NotInPartError:  # `measure_edits` says so
            continue
        vectors, edited = edit_by_algebra(model, edits)
        before.add(dataset.steps_off(model.read(vectors, SLOT).cpu(), edits.first))
        off = dataset.steps_off(model.read(edited, SLOT).cpu(), edits.edited, edits.sources)
        after.add(off, (f,))
        untouched.add(off, tuple(k for k in features if k != f))
    if not before.off:  # nothing can be exchanged, but read it can be
        edits = sample_edits(n, (), others, population, generator)
        before.add(dataset.steps_off(model.read(edit_by_algebra(model, edits)[0], SLOT).cpu(), edits.first))
    return {
        "read": before.within(0.5),
        "read_within_one": before.within(1.5),
        "read_edited": after.within(0.5),
        "read_edited_within_one": after.within(1.5),
        "read_untouched": untouched.within(0.5),
        "read_untouched_within_one": untouched.within(1.5),
    }


class Tally:
    """How many steps off the classes of each feature were."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.off: dict[int, list[Tensor]] = {}

    def add(self, off: Float[Tensor, "n f"], features: tuple[int, ...] | None = None) -> None:
        """Count classes that are so many steps off, of these features or of all."""
        for f in range(off.shape[1]) if features is None else features:
            self.off.setdefault(f, []).append(off[:, f])

    def within(self, most: float) -> dict[str, float]:
        """The share at most so many steps off, by feature; from one step on only of features that have an order."""
        return {
            self.dataset.features[f]: (torch.cat(off) < most).double().mean().item()
            for f, off in sorted(self.off.items())
            if most < 1 or self.dataset.factors[f].ordered
        }


def read_objects(model: SceneModel, scenes: Tensor, present: Int64[Tensor, "n m f"], dataset: Dataset) -> Tally:
    """What is read of every object of scenes.

    Args:
        model: in evaluation mode, with codebooks.
        scenes: [n, D].
        present: int64 [n, m, F], the objects, slot by slot; ABSENT where there is none.
        dataset: whose objects they are.
    """
    tally = Tally(dataset)
    for slot in range(present.shape[1]):
        there = present[:, slot, 0] != ABSENT
        if there.any():
            tally.add(dataset.steps_off(model.read(scenes[there], slot).cpu(), present[there, slot]))
    return tally

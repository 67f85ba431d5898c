from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.data.checks import NotInPartError
from tasks.data.circles import Simple
from tasks.data.dataset import Dataset
from tasks.data.dsprites.factors import FEATURES, SYMMETRY, canonical
from tasks.data.dsprites.renderer import render
from tasks.data.dsprites.sprites import DSPRITES, DSprites
from tasks.data.population import Population
from tasks.data.schemes import SCHEMES, Batch, Scheme, check_scheme, combine_donors, compose_scenes, exchange_one, exchange_subset
from tasks.data.split import Split
from tests.helpers import error, seeds
from tests.tasks.populations import identifiable
from vsa.errors import DtypeError, RangeError

SPRITES = Population(DSPRITES)

populations = st.sampled_from([SPRITES, Population(DSPRITES, "test"), identifiable()])


class Watched(DSprites):
    """Sprites, of which it is known which ones were looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[torch.Tensor] = []

    def observe(self, classes: torch.Tensor) -> torch.Tensor:
        self.seen.append(classes)
        return super().observe(classes)


WATCHED = Watched()
WATCHED_SPRITES = Dataset(WATCHED)  # one for all tests, because the combinations of a part are listed for each data set


def watched(scheme: Scheme, n: int, count: int, population: Population, seed: int) -> tuple[Batch, torch.Tensor]:
    """A batch, and the classes of its pictures, seen on their way to the renderer."""
    WATCHED.seen.clear()
    batch = scheme(n, count, replace(population, dataset=WATCHED_SPRITES), torch.Generator().manual_seed(seed))
    return batch, WATCHED.seen[
        -2 if scheme is combine_donors else -1
    ]  # pictures of donors come before what is assembled from them


def assembled(batch: Batch, classes: torch.Tensor) -> torch.Tensor:
    """What the sources say each object is: int64 [T, N, 5]; as its own picture if all five come from one."""
    found = canonical(classes)[batch.sources, torch.arange(5)]
    whole = (batch.sources == batch.sources[..., :1]).all(-1)
    return torch.where(whole[..., None], classes[batch.sources[..., 0]], found)


@pytest.mark.parametrize("count", [1, 2])
@settings(max_examples=20)
@given(population=populations, n=st.sampled_from([32, 64]), seed=seeds)
def test_a_donors_target_is_what_its_sources_say(count: int, population: Population, n: int, seed: int) -> None:
    batch, classes = watched(combine_donors, n, count, population, seed)
    assert batch.targets.shape == (n, 1, 64, 64)
    assert batch.sources.shape == (n, count, 5)
    assert len(batch.pictures) == n // 2
    assert population.accept(classes).all()
    assert torch.equal(batch.pictures[:, 0], render(classes))
    assert torch.equal(batch.values, canonical(classes))
    shown = assembled(batch, classes)
    assert population.accept(shown).all(), "an object was assembled that may not be drawn"
    parts = render(shown.flatten(0, 1)).unflatten(0, (n, count))
    assert torch.equal(batch.targets[:, 0], parts.sum(1, dtype=torch.uint8)), "the objects of a target overlap, or are others"


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(("scheme", "fewest", "most"), [(exchange_one, 1, 1), (exchange_subset, 1, 5)])
@settings(max_examples=20)
@given(seed=seeds)
def test_exchanged_features_are_the_targets_own(scheme: Scheme, fewest: int, most: int, count: int, seed: int) -> None:
    batch, classes = watched(scheme, 20, count, SPRITES, seed)
    target = torch.arange(20)
    assert classes.shape == (20 if count == 1 else 30, 5)
    exchanged = classes[:10] != classes[10:20]
    taken = batch.sources[:, 0] == target[:, None]
    assert torch.equal(taken, exchanged.repeat(2, 1))
    assert fewest <= taken.sum(1).min() <= taken.sum(1).max() <= most
    assert torch.equal(batch.sources[:, 0][~taken], ((target + 10) % 20)[:, None].expand(20, 5)[~taken])
    assert batch.pairs is not None
    assert torch.equal(batch.pairs.exchanged, exchanged)
    if count == 2:
        assert (batch.sources[:, 1] == (20 + target % 10)[:, None]).all()
        scenes = render(classes[:20]) + render(classes[20:]).repeat(2, 1, 1)
        assert torch.equal(batch.targets[:, 0], scenes)


@settings(max_examples=20)
@given(seed=seeds)
def test_another_exchange_changes_only_the_first_object(seed: int) -> None:
    batch = exchange_one(8, 2, SPRITES, torch.Generator().manual_seed(seed))
    assert batch.pairs is not None
    assert torch.equal(batch.exchanging(batch.pairs.exchanged).sources, batch.sources)
    everything = batch.exchanging(torch.ones(4, 5, dtype=torch.bool))
    assert torch.equal(everything.sources[:, 0], torch.arange(8)[:, None].expand(8, 5))
    assert torch.equal(everything.sources[:, 1], batch.sources[:, 1])
    with error(RangeError, "only pairs exchange features", "scheme one or subset"):
        combine_donors(32, 1, SPRITES, torch.Generator()).exchanging(batch.pairs.exchanged)


@settings(max_examples=20)
@given(count=st.integers(2, 5), seed=seeds)
def test_scenes_of_their_own_objects(count: int, seed: int) -> None:
    batch, classes = watched(compose_scenes, 12, count, SPRITES, seed)
    present = batch.sources[..., 0] >= 0
    assert torch.equal(batch.sources >= 0, present[..., None].expand_as(batch.sources))
    assert 2 <= present.sum(1).min() <= present.sum(1).max() <= count
    assert torch.equal(batch.sources[present][:, 0].sort().values, torch.arange(len(classes)))
    pictures = render(classes)
    for target, sources in zip(batch.targets[:, 0], batch.sources[..., 0], strict=True):
        assert torch.equal(target, pictures[sources[sources >= 0]].sum(0, dtype=torch.uint8)), "objects overlap"


def test_a_donor_says_nothing_about_the_other_factors() -> None:
    """Over many batches a donor's other factors agree with the target's as often as chance has it."""
    agree, many = torch.zeros(5, 5), 0
    for seed in range(60):
        batch, classes = watched(combine_donors, 384, 1, SPRITES, seed)
        shown = canonical(classes)
        sources = batch.sources[192:, 0]
        donor, target = shown[sources], shown[sources, torch.arange(5)]
        agree += (donor == target[:, None]).float().sum(0)
        many += len(target)
    agree = agree / many
    assert agree.diagonal().tolist() == pytest.approx([1] * 5)
    for f in range(5):
        for k in range(5):
            if f != k:
                counts = canonical(SPRITES.sample(20_000, torch.Generator().manual_seed(0)))[:, k].bincount() / 20_000
                assert agree[f, k].item() == pytest.approx(counts.square().sum().item(), abs=0.02), (FEATURES[f], FEATURES[k])


def test_an_orientation_that_cannot_be_told_is_the_first_that_looks_the_same() -> None:
    classes = torch.zeros(3, 40, 5, dtype=torch.int64)
    classes[..., 0] = torch.arange(3)[:, None]
    classes[..., 1] = 5
    classes[..., 2] = torch.arange(40)
    classes[..., 3:] = 16
    shown = canonical(classes)
    assert torch.equal(canonical(shown), shown)
    assert [shown[k, :, 2].max().item() for k in range(3)] == [9, 19, 38]
    step = 2 * torch.pi / 39
    for k, symmetry in enumerate(SYMMETRY):
        off = (classes[k, :, 2] - shown[k, :, 2]) * step % (2 * torch.pi / symmetry)
        off = torch.minimum(off, 2 * torch.pi / symmetry - off)
        assert off.max() <= step / 2 + 1e-6
    assert torch.equal(shown[:, :10], classes[:, :10]), "on the identifiable classes every shape shows its class"


@pytest.mark.parametrize("name", SCHEMES)
def test_the_same_generator_gives_the_same_batch(name: str) -> None:
    a, b = (SCHEMES[name](64, 2, SPRITES, torch.Generator().manual_seed(3)) for _ in range(2))
    for left, right in ((a.pictures, b.pictures), (a.sources, b.sources), (a.targets, b.targets), (a.values, b.values)):
        assert torch.equal(left, right)


def test_slots_at_random_are_different_ones() -> None:
    batch = compose_scenes(32, 4, SPRITES, torch.Generator().manual_seed(0))
    slots = batch.shuffled(5, torch.Generator().manual_seed(0)).slots
    assert slots is not None
    assert slots.shape == batch.sources.shape[:2]
    assert all(len(set(row)) == len(row) for row in slots.tolist())
    assert set(slots.flatten().tolist()) == set(range(5))


@pytest.mark.parametrize("name", SCHEMES)
def test_batches_of_another_data_set(name: str) -> None:
    simple = Population(Dataset(Simple()), "test", Split(test="x.value > 0.5"))
    for count in (1, 2):
        if name == "own" and count == 1:
            continue
        batch = SCHEMES[name](64, count, simple, torch.Generator().manual_seed(0))
        assert batch.pictures.shape[1:] == batch.targets.shape[1:] == (3, 64, 64)
        assert batch.sources.shape == (64, count, 3)
        assert batch.targets.dtype == torch.float32
        assert 0.9 < batch.targets.max() <= 1
        assert simple.accept(batch.values).all()
        parts = batch.pictures[batch.sources[..., 0]].sum(1)
        whole = (batch.sources == batch.sources[..., :1]).all((1, 2))
        torch.testing.assert_close(batch.targets[whole], parts[whole])


@pytest.mark.parametrize("name", SCHEMES)
def test_schemes_draw_from_populations(name: str) -> None:
    with error(DtypeError, "a population says what may be drawn: Population(dataset); got Dataset"):
        SCHEMES[name](64, 2, DSPRITES, torch.Generator())  # pyright: ignore[reportArgumentType]


def test_pairs_that_a_scheme_may_ask_for_are_there_beforehand() -> None:
    hearts = Population(DSPRITES, "test", Split(test="shape == heart"))
    for name, refused in (("one", True), ("subset", True), ("donors", False), ("own", False)):
        check_scheme(name, SPRITES, torch.Generator())
        if refused:
            with error(NotInPartError, "no pair of the test part", "that differs in just those features"):
                check_scheme(name, hearts, torch.Generator())
        else:
            check_scheme(name, hearts, torch.Generator())


def test_sizes_that_do_not_fit() -> None:
    generator = torch.Generator()
    for scheme in (combine_donors, exchange_one, exchange_subset):
        for n in (0, 7):
            with error(RangeError, "an even size, at least 2", f"got {n}"):
                scheme(n, 1, SPRITES, generator)
        with error(RangeError, "targets of 1 or 2 objects, got 3"):
            scheme(32, 3, SPRITES, generator)
    with error(RangeError, "scenes have 2 to 5 objects, got at most 6"):
        compose_scenes(8, 6, SPRITES, generator)


def test_objects_without_room_for_a_second_one() -> None:
    middle = Population(DSPRITES, allowed=(*SPRITES.allowed[:3], torch.tensor([16]), torch.tensor([16])))
    with error(NotInPartError, "no room for a second object", "more positions"):
        combine_donors(32, 2, middle, torch.Generator().manual_seed(0))

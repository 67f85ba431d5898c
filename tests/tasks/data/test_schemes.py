import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.data import schemes
from tasks.data.dsprites import render
from tasks.data.factors import FEATURES, SYMMETRY, held_out
from tasks.data.sampling import Objects
from tasks.data.schemes import SCHEMES, Batch, donors, one, subset
from tests.helpers import error, seeds
from vsa.errors import RangeError

objects = st.sampled_from([Objects(), Objects(held_out=True), Objects.identifiable()])


def watched(scheme: schemes.Scheme, n: int, objects: Objects, seed: int, patch: pytest.MonkeyPatch) -> tuple[Batch, torch.Tensor]:
    """A batch, and the classes of its pictures, seen on their way to the renderer."""
    seen: list[torch.Tensor] = []

    def watch(classes: torch.Tensor) -> torch.Tensor:
        seen.append(classes)
        return render(classes)

    with patch.context() as context:
        context.setattr(schemes, "render", watch)
        batch = scheme(n, objects, torch.Generator().manual_seed(seed))
    return batch, seen[-1]


def assembled(batch: Batch, classes: torch.Tensor) -> torch.Tensor:
    """What the sources say each object is: int64 [T, 2, 5]."""
    return classes[batch.sources, torch.arange(5)]


@pytest.fixture(scope="module")
def patch() -> pytest.MonkeyPatch:
    return pytest.MonkeyPatch()


@pytest.mark.parametrize("name", SCHEMES)
@settings(max_examples=20)
@given(objects=objects, n=st.sampled_from([32, 64]), seed=seeds)
def test_a_target_is_what_its_sources_say(name: str, objects: Objects, n: int, seed: int, patch: pytest.MonkeyPatch) -> None:
    batch, classes = watched(SCHEMES[name], n, objects, seed, patch)
    assert batch.targets.shape == (n, 1, 64, 64)
    assert batch.sources.shape == (n, 2, 5)
    assert (held_out(classes) == objects.held_out).all()
    assert torch.equal(batch.pictures[:, 0], render(classes))
    first, second = render(assembled(batch, classes).flatten(0, 1)).unflatten(0, (n, 2)).unbind(1)
    assert torch.equal(batch.targets[:, 0], first + second), "the objects of a target overlap, or are others"


@pytest.mark.parametrize(("scheme", "fewest", "most"), [(one, 1, 1), (subset, 1, 5)])
@settings(max_examples=20)
@given(seed=seeds)
def test_exchanged_features_are_the_targets_own(
    scheme: schemes.Scheme, fewest: int, most: int, seed: int, patch: pytest.MonkeyPatch
) -> None:
    batch, classes = watched(scheme, 20, Objects(), seed, patch)
    target = torch.arange(20)
    assert classes.shape == (30, 5)
    exchanged = classes[:10] != classes[10:20]
    own = batch.sources[:, 0] == target[:, None]
    assert torch.equal(own, exchanged.repeat(2, 1))
    assert fewest <= own.sum(1).min() <= own.sum(1).max() <= most
    assert torch.equal(batch.sources[:, 0][~own], ((target + 10) % 20)[:, None].expand(20, 5)[~own])
    assert (batch.sources[:, 1] == (20 + target % 10)[:, None]).all()


@settings(max_examples=20)
@given(objects=objects, n=st.sampled_from([32, 64, 192]), seed=seeds)
def test_donors_share_their_factor_and_are_hardly_ever_the_target_itself(
    objects: Objects, n: int, seed: int, patch: pytest.MonkeyPatch
) -> None:
    batch, classes = watched(donors, n, objects, seed, patch)
    donor = batch.sources[:, 0]
    assert torch.equal(classes[donor, torch.arange(5)], classes)
    assert (donor == torch.arange(n)[:, None]).float().mean() < 0.05
    symmetry = torch.tensor(SYMMETRY)[classes[:, 0]]
    assert (symmetry[donor[:, 2]] <= symmetry).all(), "a square cannot tell a heart which way is up"


def test_a_donor_says_nothing_about_the_other_factors() -> None:
    """Over many batches a donor's other factors agree with the target's as often as chance has it."""
    patch = pytest.MonkeyPatch()
    agree, batches = torch.zeros(5, 5), 100
    for seed in range(batches):
        batch, classes = watched(donors, 192, Objects(), seed, patch)
        donor = classes[batch.sources[:, 0]]
        agree += (donor == classes[:, None]).float().mean(0) / batches
    assert agree.diagonal().tolist() == pytest.approx([1] * 5)
    # A batch shows 3 shapes, 6 scales, 10 orientations and 32 positions; a donor of the orientation is never more symmetric.
    chance = torch.tensor([1 / 3, 1 / 6, 1 / 10, 1 / 32, 1 / 32]).repeat(5, 1)
    chance[FEATURES.index("orientation"), 0] = (1 + 1 / 2 + 1 / 3) / 3
    off = ~torch.eye(5, dtype=torch.bool)
    assert (agree - chance)[off].abs().max() < 0.02


def test_all_values_come_alike_often_over_batches() -> None:
    patch = pytest.MonkeyPatch()
    classes = torch.cat([watched(donors, 192, Objects(), seed, patch)[1] for seed in range(300)])
    for f, count in enumerate((3, 6, 40, 32, 32)):
        share = classes[:, f].bincount(minlength=count) * count / len(classes)
        assert (share - 1).abs().max() < 0.5, FEATURES[f]  # a batch shows but ten orientations


@pytest.mark.parametrize("name", SCHEMES)
def test_the_same_generator_gives_the_same_batch(name: str) -> None:
    a, b = (SCHEMES[name](64, Objects(), torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(a.pictures, b.pictures)
    assert torch.equal(a.sources, b.sources)
    assert torch.equal(a.targets, b.targets)


def test_batch_sizes_that_do_not_fit() -> None:
    generator = torch.Generator()
    with error(RangeError, "donors needs a batch of at least 32", "got 31"):
        donors(31, Objects(), generator)
    for scheme in (one, subset):
        for n in (0, 7):
            with error(RangeError, "an even size, at least 2", f"got {n}"):
                scheme(n, Objects(), generator)


def test_objects_without_room_for_a_second_one() -> None:
    middle = Objects((*Objects().allowed[:3], torch.tensor([16]), torch.tensor([16])))
    with error(RangeError, "no room for a second one", "more positions"):
        donors(32, middle, torch.Generator().manual_seed(0))

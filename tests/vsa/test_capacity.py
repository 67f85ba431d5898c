import math

import pytest
import torch
import torch.nn.functional as F

from tests.helpers import error
from vsa import Algebra, get_algebra
from vsa.capacity import Task, accuracy, dimension, threshold
from vsa.errors import AlgebraError, DtypeError, RangeError

CASES = [
    pytest.param(get_algebra(name, backend, **options), normalized, id="-".join([name, *options, "normalized" * normalized]))
    for name, backend, options, normalized in (
        ("MAP", "native", {}, False),
        ("MAP", "native", {}, True),
        ("MAP", "native", {"majority": True}, False),
        ("HRR", "native", {}, False),
        ("HRR", "native", {}, True),
        ("HRR", "native", {"unitary": True}, False),
        ("FHRR", "native", {}, False),
        ("FHRR", "native", {}, True),
        ("BSC", "native", {}, False),
        ("PackedBSC", "native", {}, False),
        ("VTB", "native", {}, False),
        ("VTB", "native", {"unitary": True}, False),
        ("SBC", "native", {"block_size": 8}, False),
        ("SBC", "native", {"block_size": 8}, True),
        ("BSBC", "torchhd", {}, False),
        ("MCR", "torchhd", {}, False),
        ("CGR", "torchhd", {}, False),
    )
]

# Schlegel, Neubert, Protzel, 2022: 1000 items. MAP-B and FHRR normalise their bundles, MAP-I keeps the sum.
MODELS = {"MAP-B": ("MAP", True), "MAP-I": ("MAP", False), "FHRR": ("FHRR", True)}
PUBLISHED_ACCURACY = {  # at dim 1024, 51 bundled: of a set, of a record
    "MAP-B": (0.867, 0.645),
    "MAP-I": (0.959, 0.880),
    "HRR": (0.963, 0.892),
    "FHRR": (0.986, 0.992),
    "VTB": (0.945, 0.859),
    "BSC": (0.831, 0.645),
}
PUBLISHED_DIMENSION = {  # the smallest for 99 % of a set of 5, 11, 15, 21, 31, 51
    "MAP-B": (290, 621, 730, 997, 1584),
    "MAP-I": (137, 321, 442, 725, 886, 1491),
    "HRR": (138, 358, 530, 725, 990),
    "FHRR": (122, 223, 317, 390, 642, 1060),
    "VTB": (170, 358, 470, 708, 882, 1543),
    "BSC": (193, 621, 703, 859, 1440),
}


def measured(algebra: Algebra, dim: int, items: int, bundled: int, task: Task, normalized: bool, trials: int) -> float:
    """The share that is retrieved, by doing it."""
    generator = torch.Generator().manual_seed(0)
    right = 0
    for _ in range(trials):
        memory = algebra.random(items, dim, generator=generator)
        if task == "set":
            held = torch.randperm(items, generator=generator)[:bundled]
            bound, roles = memory[held], None
        else:
            held = torch.randint(items, (bundled,), generator=generator)
            roles = algebra.random(bundled, dim, generator=generator)
            bound = algebra.bind(memory[held], roles)
        bundle = algebra.bundle(bound)
        bundle = algebra.normalize(bundle) if normalized else bundle
        query = bundle[None] if roles is None else algebra.unbind(bundle[None], roles)
        scores = F.normalize(algebra.as_real(query).float(), dim=-1) @ F.normalize(algebra.as_real(memory).float(), dim=-1).T
        if task == "set":
            right += torch.isin(held, scores[0].topk(bundled).indices).sum().item()
        else:
            right += (scores.argmax(-1) == held).sum().item()
    return right / (trials * bundled)


@pytest.mark.parametrize("task", ["set", "record"])
@pytest.mark.parametrize(("algebra", "normalized"), CASES)
def test_theory_is_what_is_measured(algebra: Algebra, normalized: bool, task: Task) -> None:
    dim = 256 if algebra.name in ("BSBC", "MCR", "CGR") else 576
    for bundled in (15, 40):
        theory = accuracy(algebra, dim, 200, bundled, task=task, normalized=normalized)
        assert measured(algebra, dim, 200, bundled, task, normalized, trials=1000 // bundled) == pytest.approx(theory, abs=0.03)


@pytest.mark.parametrize("task", ["set", "record"])
@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize(
    ("dim", "block_size", "items", "bundled"),
    [(320, 64, 5000, 5), (320, 64, 50, 15), (80, 8, 500, 3), (200, 100, 500, 3), (320, 16, 500, 15)],
)
def test_theory_is_what_is_measured_in_few_blocks(
    dim: int, block_size: int, items: int, bundled: int, normalized: bool, task: Task
) -> None:
    algebra = get_algebra("SBC", block_size=block_size)
    theory = accuracy(algebra, dim, items, bundled, task=task, normalized=normalized)
    found = measured(algebra, dim, items, bundled, task, normalized, trials=(300 if items == 5000 else 900) // bundled)
    assert found == pytest.approx(theory, abs=0.03)


def test_few_blocks_of_integers_are_few_blocks_of_bits() -> None:
    integers, bits = get_algebra("BSBC", "torchhd", block_size=8), get_algebra("SBC", block_size=8)
    for task in ("set", "record"):
        assert accuracy(integers, 20, 100, 5, task=task) == accuracy(bits, 160, 100, 5, task=task, normalized=True)
        assert accuracy(bits, 7, 100, 5, task=task) == (0.05 if task == "set" else 0.01), "there is no block, so all are alike"
    assert accuracy(bits, 160, 5, 5, task="set") == 1


def test_few_blocks_and_many_are_one_theory() -> None:
    for normalized in (False, True):
        for task in ("set", "record"):
            at, beyond = (accuracy("SBC", 16 * blocks, 1000, 25, task=task, normalized=normalized) for blocks in (128, 129))
            assert at == pytest.approx(beyond, abs=0.03)
    many = [accuracy("SBC", 512, 10**6, bundled, task="set") for bundled in (1024, 1025)]
    assert many[0] == pytest.approx(many[1], abs=0.03)


@pytest.mark.parametrize(("blocks", "size", "items"), [(5, 64, 1000), (8, 32, 1), (64, 16, 100), (40, 2, 100)])
def test_chance_agreements_of_blocks_are_counted(blocks: int, size: int, items: int) -> None:
    algebra = get_algebra("SBC", block_size=size)
    for false_alarm in (0.3, 0.1, 0.01):
        least = threshold(algebra, blocks * size, items, false_alarm) * blocks
        assert least % 1 == pytest.approx(0.5), "between two counts"
        chances = [math.comb(blocks, n) / size**n * (1 - 1 / size) ** (blocks - n) for n in range(blocks + 1)]
        alarm, one_less = (1 - (1 - sum(chances[n:])) ** items for n in (int(least + 0.5), int(least - 0.5)))
        assert alarm <= false_alarm < one_less


@pytest.mark.slow
@pytest.mark.parametrize("task", ["set", "record"])
@pytest.mark.parametrize(("algebra", "normalized"), CASES)
def test_theory_is_what_is_measured_at_the_published_size(algebra: Algebra, normalized: bool, task: Task) -> None:
    theory = accuracy(algebra, 1024, 1000, 51, task=task, normalized=normalized)
    assert measured(algebra, 1024, 1000, 51, task, normalized, trials=60) == pytest.approx(theory, abs=0.02)


@pytest.mark.parametrize("task", ["set", "record"])
@pytest.mark.parametrize("model", PUBLISHED_ACCURACY)
def test_theory_is_what_was_published(model: str, task: Task) -> None:
    name, normalized = MODELS.get(model, (model, False))
    published = PUBLISHED_ACCURACY[model][task == "record"]
    found = accuracy(name, 1024, 1000, 51, task=task, normalized=normalized)
    if (model, task) == ("BSC", "set"):
        # An odd number bundled has no ties, so BSC is MAP-B with other names for its elements: .867 there, and in our theory and
        # measurement .873. Published is .831, which is 0.042 less.
        assert found == pytest.approx(accuracy("MAP", 1024, 1000, 51, task=task, normalized=True))
        assert found - published == pytest.approx(0.042, abs=0.002)
    else:
        assert found == pytest.approx(published, abs=0.03)


def test_accuracies_of_records_by_the_integral() -> None:
    found = [accuracy("MAP", 1024, 1000, bundled) for bundled in (20, 30, 50, 100)]
    assert found == pytest.approx([0.9998, 0.992, 0.887, 0.486], abs=0.003)


@pytest.mark.parametrize("model", PUBLISHED_DIMENSION)
def test_dimensions_are_those_published(model: str) -> None:
    # They were read off noisy curves: those of one model lie up to 15 % beside any smooth one, and near 99 % an accuracy that is
    # 0.005 off moves the dimension by 10 %. So each may be a quarter off, and those of a model together a tenth.
    name, normalized = MODELS.get(model, (model, False))
    ratios = [
        dimension(name, 0.99, 1000, bundled, task="set", normalized=normalized) / published
        for bundled, published in zip((5, 11, 15, 21, 31, 51), PUBLISHED_DIMENSION[model], strict=False)
    ]
    assert all(0.74 < ratio < 1.26 for ratio in ratios), ratios
    assert sum(ratios) / len(ratios) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("name", ["MAP", "HRR", "FHRR", "BSC", "VTB", "SBC"])
@pytest.mark.parametrize("task", ["set", "record"])
def test_the_dimension_is_the_smallest_that_is_enough(name: str, task: Task) -> None:
    for wanted in (0.5, 0.9, 0.999):
        found = dimension(name, wanted, 500, 12, task=task)
        assert accuracy(name, found, 500, 12, task=task) >= wanted > accuracy(name, found - 1, 500, 12, task=task)


def test_what_is_easy_and_what_is_hopeless() -> None:
    assert accuracy("MAP", 1, 1, 1) == 1
    assert accuracy("MAP", 1024, 1000, 1) == pytest.approx(1)
    assert accuracy("MAP", 1024, 1000, 1000, task="set") == 1
    assert accuracy("SBC", 1024, 1000, 1, normalized=True, task="set") == pytest.approx(1)
    assert accuracy("MAP", 4, 1000, 500) < 0.02
    assert accuracy("MAP", 16, 1000, 500, task="set") > 0.5, "half of the items are right by chance"
    assert dimension("MAP", 0.1, 1, 1) == 1


def test_more_of_anything_helps_or_hurts_as_it_should() -> None:
    by_bundled = [accuracy("MAP", 1024, 1000, bundled) for bundled in (10, 50, 100, 400)]
    assert by_bundled == sorted(by_bundled, reverse=True)
    exact, gaussian = (accuracy("MAP", 2048, 1000, bundled, task="set") for bundled in (128, 129))
    assert exact == pytest.approx(gaussian, abs=0.003)
    for task in ("set", "record"):
        by_items = [accuracy("HRR", 1024, items, 50, task=task) for items in (100, 1000, 10**5, 10**9)]
        assert by_items == sorted(by_items, reverse=True)
    assert accuracy("MAP", 1024, 1000, 50) > accuracy("HRR", 1024, 1000, 50), "unbinding with ordinary keys makes noise"


@pytest.mark.parametrize("dim", [16, 64])
def test_few_unitary_vectors_pass_the_threshold_though_they_share_their_sum(dim: int) -> None:
    algebra = get_algebra("HRR", unitary=True)
    x, y = algebra.random(200_000, dim, generator=torch.Generator().manual_seed(0)).view(2, 100_000, dim)
    similarities = algebra.similarity(x, y)
    assert similarities.mean().item() == pytest.approx(algebra.laws.shared / dim, abs=0.003)
    for false_alarm in (0.2, 0.05):
        share = (similarities > threshold(algebra, dim, 1, false_alarm)).double().mean().item()
        assert share == pytest.approx(false_alarm, rel=0.12)


@pytest.mark.parametrize("name", ["MAP", "HRR", "FHRR", "BSC", "SBC"])
def test_few_random_vectors_pass_the_threshold(name: str) -> None:
    algebra, generator = get_algebra(name), torch.Generator().manual_seed(0)
    items, queries = (F.normalize(algebra.as_real(algebra.random(n, 1024, generator=generator)), dim=-1) for n in (100, 10000))
    best = (queries @ items.T).amax(-1)
    for false_alarm in (0.1, 0.03, 0.01):
        share = (best > threshold(algebra, 1024, 100, false_alarm)).double().mean().item()
        assert false_alarm / 3 < share < 2 * false_alarm


def test_the_threshold_of_tiny_probabilities() -> None:
    found = [threshold("MAP", 1024, 10**6, false_alarm) for false_alarm in (0.999, 0.01, 1e-6, 1e-12, 1e-100)]
    assert found == sorted(found)
    assert found[-1] == pytest.approx(math.sqrt((2 * math.log(1e106) - math.log(2 * math.log(1e106) * 2 * math.pi)) / 1024), 1e-3)
    assert threshold("SBC", 1024, 1000, 0.01) > 1 / 16
    assert threshold("FHRR", 1024, 50, 0.01) == pytest.approx(threshold("MAP", 2048, 50, 0.01))


def test_what_has_no_theory() -> None:
    with error(AlgebraError, "HRR with exact=True", "unitary=True"):
        accuracy(get_algebra("HRR", exact=True), 1024, 100, 5)
    assert accuracy(get_algebra("HRR", exact=True), 1024, 100, 5, task="set") == accuracy("HRR", 1024, 100, 5, task="set")
    with error(AlgebraError, "MCR of block_size 2", "use BSC"):
        accuracy(get_algebra("MCR", "torchhd", block_size=2), 1024, 100, 5)


def test_arguments_that_cannot_be() -> None:
    with error(AlgebraError, "no algebra 'MPA'"):
        accuracy("MPA", 1024, 100, 5)
    with error(DtypeError, "accuracy: dim must be an integer, got float"):
        accuracy("MAP", 1024.0, 100, 5)  # pyright: ignore[reportArgumentType]
    with error(RangeError, "accuracy: items must be at least 1, got 0"):
        accuracy("MAP", 1024, 0, 5)
    with error(DtypeError, "dimension: bundled must be an integer, got bool"):
        dimension("MAP", 0.9, 100, True)
    with error(RangeError, 'the task is "record" or "set"', "'sets'"):
        accuracy("MAP", 1024, 100, 5, task="sets")  # pyright: ignore[reportArgumentType]
    with error(RangeError, "a set of 101 cannot be made of 100 items"):
        accuracy("MAP", 1024, 100, 101, task="set")
    for share in (0, 1, 1.5, math.nan):
        with error(RangeError, "dimension: accuracy must lie between 0 and 1", f"got {share}"):
            dimension("MAP", share, 100, 5)
        with error(RangeError, "threshold: false_alarm must lie between 0 and 1"):
            threshold("MAP", 1024, 100, share)
    with error(DtypeError, "false_alarm must be a number, got str"):
        threshold("MAP", 1024, 100, "0.1")  # pyright: ignore[reportArgumentType]
    with error(RangeError, "no dimension below 2 ** 31"):
        dimension("MAP", 0.9, 100, 10**9)


def test_vectors_without_a_block_are_all_alike() -> None:
    few = get_algebra("SBC", block_size=16)
    assert threshold(few, 1, 1_000_000, 0.5) > 1, "a random vector is as similar as an item"
    assert accuracy(few, 1, items=10, bundled=2) == pytest.approx(0.1)

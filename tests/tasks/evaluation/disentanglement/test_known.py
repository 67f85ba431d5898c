"""Every metric of codes on representations whose value can be derived."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.evaluation.disentanglement.dci import dci, dci_lasso, purity
from tasks.evaluation.disentanglement.explicitness import explicitness
from tasks.evaluation.disentanglement.infomec import infomec
from tasks.evaluation.disentanglement.information import mig, modularity
from tasks.evaluation.disentanglement.representation import Representation
from tasks.evaluation.disentanglement.sap import sap
from tests.helpers import seeds
from tests.tasks.evaluation.disentanglement.representations import (
    CLASSES,
    FACTORS,
    MIXED,
    SCORES,
    TRUE,
    VALUES,
    noise,
    on_itself,
    random_rotation,
    score,
    share_of_bins,
)

every_metric = pytest.mark.parametrize("name", SCORES)
BEST = dict.fromkeys(SCORES, 1.0) | {"sap": 1 - 1 / VALUES}  # the second best code is right by chance
exactly = pytest.approx


@pytest.mark.parametrize("name", [name for name in SCORES if name not in ("explicitness", "infoe")])
def test_the_true_factors_score_best(name: str) -> None:
    assert score(name, TRUE, CLASSES) == exactly(BEST[name])


def test_a_linear_probe_finds_what_is_on_axes_of_its_own() -> None:
    one_hot = torch.nn.functional.one_hot(CLASSES, VALUES).flatten(1).double()
    assert score("explicitness", one_hot, CLASSES) == 1
    assert score("infoe", one_hot, CLASSES) > 0.99
    assert score("explicitness", TRUE, CLASSES) > 0.99, "lines rank even the middle classes of a scale"


@every_metric
def test_the_order_sign_and_scale_of_codes_do_not_matter(name: str) -> None:
    same = {"sap": 0.01, "explicitness": 1e-3, "infoe": 1e-3}.get(name, 1e-9)
    best = score(name, TRUE, CLASSES)
    changed = TRUE[:, [2, 0, 3, 1]] * torch.tensor([1.0, -4.0, 0.5, -1.0]) + torch.tensor([0.0, 8.0, -1.0, 0.0])
    assert score(name, changed, CLASSES) == exactly(best, abs=same)


@pytest.mark.parametrize("name", ["mig", "modularity", "sap", "disentanglement", "completeness", "informativeness"])
def test_a_monotone_change_does_not_matter_while_bins_keep_values_apart(name: str) -> None:
    assert score(name, TRUE**2 + TRUE, CLASSES) == exactly(BEST[name])


def test_mixing_all_factors_alike_leaves_no_best_code_and_no_best_factor() -> None:
    """Each code tells as much of each factor, by symmetry: the gaps are 0, and shares equal."""
    assert mig(Representation(MIXED, CLASSES)) == exactly(0, abs=1e-9)
    assert modularity(Representation(MIXED, CLASSES)) == exactly(0, abs=1e-9)
    found = infomec(on_itself(MIXED, CLASSES))
    assert found.modularity == exactly(0, abs=1e-9)
    assert found.compactness == exactly(0, abs=1e-9)
    assert sap(on_itself(MIXED, CLASSES)) == exactly(0, abs=0.06)
    trees = dci(on_itself(MIXED, CLASSES))
    assert trees.disentanglement < 0.1
    assert trees.completeness < 0.1
    assert dci_lasso(Representation(MIXED, CLASSES)) == exactly(0, abs=1e-9)


@settings(max_examples=3)
@given(seed=seeds)
def test_a_rotation_hides_nothing_from_a_linear_probe(seed: int) -> None:
    rotated = (TRUE - TRUE.mean(0)) @ random_rotation(FACTORS, seed)
    for name in ("explicitness", "infoe"):
        assert score(name, rotated, CLASSES) == exactly(score(name, TRUE, CLASSES), abs=0.01)
    for name in ("mig", "modularity", "sap", "infom", "infoc", "disentanglement", "completeness", "lasso"):
        assert score(name, rotated, CLASSES) < score(name, TRUE, CLASSES)


def test_by_lasso_each_code_of_a_permutation_is_used_for_one_factor_and_of_a_rotation_for_several() -> None:
    assert dci_lasso(Representation(-3 * TRUE[:, [2, 0, 3, 1]] + 7, CLASSES)) == exactly(1)
    rotated = [dci_lasso(Representation(TRUE @ random_rotation(FACTORS, seed), CLASSES)) for seed in range(20)]
    assert sum(rotated) / len(rotated) < 0.4
    beside = torch.cat([TRUE, noise(len(TRUE), 7)], 1)
    assert dci_lasso(Representation(beside, CLASSES)) > 0.9, "noise is hardly used for anything"


def test_by_lasso_the_weights_are_those_of_soft_thresholds_where_codes_are_uncorrelated() -> None:
    """The sum of two factors has a correlation of 1/sqrt(2) with both; the others have codes of their own."""
    both = torch.stack([TRUE[:, 0] + TRUE[:, 1], TRUE[:, 2], TRUE[:, 3]], 1)
    shared, own = math.sqrt(0.5) - 0.02, 1 - 0.02
    halved = 1 - math.log(2) / math.log(FACTORS)
    assert dci_lasso(Representation(both, CLASSES)) == exactly((2 * shared * halved + 2 * own) / (2 * shared + 2 * own))
    assert dci_lasso(Representation(both, CLASSES), alpha=0.8) == exactly(1), "what correlates with less is not used"
    assert dci_lasso(Representation(both, CLASSES), alpha=1) == exactly(0)


def test_noise_scores_chance() -> None:
    n, m = CLASSES.repeat(8, 1), CLASSES.repeat(8, 1)
    random = Representation(noise(len(n), FACTORS, 1), n, noise(len(m), FACTORS, 2), m)
    bias = 19 * (VALUES - 1) / (2 * len(n)) / math.log(VALUES)  # of the counted information, as a share of the entropy
    assert mig(random) < bias
    assert sap(random) == exactly(0, abs=0.05)
    assert explicitness(random) == exactly(0.5, abs=0.02)
    found, trees = infomec(random), dci(random)
    assert found.explicitness < 0.01
    assert found.information.max() < 2 * bias
    assert trees.informativeness == exactly(1 / VALUES, abs=0.03)
    assert trees.disentanglement < 0.02
    assert trees.completeness < 0.02


def test_a_factor_that_two_codes_tell_has_no_gap_and_is_less_complete() -> None:
    double = torch.cat([TRUE, TRUE[:, :1]], 1)
    assert mig(Representation(double, CLASSES)) == exactly((FACTORS - 1) / FACTORS)
    assert sap(on_itself(double, CLASSES)) == exactly((FACTORS - 1) / FACTORS * (1 - 1 / VALUES))
    assert modularity(Representation(double, CLASSES)) == exactly(1)
    found = infomec(on_itself(double, CLASSES))
    assert found.modularity == exactly(1)
    halves = ((FACTORS - 0.5) / FACTORS - 1 / 5) / (1 - 1 / 5)  # the largest share of one factor is a half
    assert found.compactness == exactly(halves)
    trees = dci(on_itself(double, CLASSES), trees=100)
    assert trees.disentanglement == exactly(1)
    assert trees.completeness == exactly(1 - math.log(2) / math.log(5) / FACTORS, abs=0.01)


def test_codes_that_are_constant_do_not_count() -> None:
    more = torch.cat([torch.full((len(TRUE), 1), 0.1, dtype=torch.float64), TRUE], 1)
    for name in SCORES:
        expected = score(name, TRUE, CLASSES)
        assert score(name, more, CLASSES) == exactly(expected, abs=1e-3), name


CONSTANT = dict.fromkeys(SCORES, 0.0) | {"informativeness": 1 / VALUES, "explicitness": 0.5}


@every_metric
@pytest.mark.parametrize("value", [0.0, 0.1, -1e30, 1e-320])
def test_what_constant_codes_score_is_documented(name: str, value: float) -> None:
    constant = torch.full((len(TRUE), 3), value, dtype=torch.float64)
    assert score(name, constant, CLASSES) == exactly(CONSTANT[name], abs=1e-4)


def test_one_code_is_enough_for_every_metric() -> None:
    for name in SCORES:
        assert 0 <= score(name, TRUE[:, :1], CLASSES) <= 1, name
    assert mig(Representation(TRUE[:, :1], CLASSES)) == exactly(1 / FACTORS), "what it tells, one factor of four, is all gap"
    assert score("completeness", TRUE[:, :1], CLASSES) == 1
    assert score("infoc", TRUE[:, :1], CLASSES) == 1


def test_a_factor_with_more_classes_than_bins_cannot_be_told_in_full() -> None:
    classes = torch.cartesian_prod(torch.arange(40), torch.arange(6))
    expected = (share_of_bins(40, 20) + share_of_bins(6, 20)) / 2
    assert share_of_bins(6, 20) == exactly(1)
    assert expected < 1
    assert mig(Representation(classes.double(), classes)) == exactly(expected)
    assert mig(Representation(classes.double(), classes, bins=None)) == exactly(1)


def test_ordered_factors_are_fitted_by_lines() -> None:
    lines = (True,) * FACTORS
    assert sap(on_itself(TRUE, CLASSES), ordered=lines) == exactly(1), "squared correlations: 1 of its own, 0 of others"
    assert sap(on_itself(MIXED, CLASSES), ordered=lines) == exactly(0), "each code has a quarter of each factor's variance"
    double = torch.cat([TRUE, TRUE * 1e29], 1)
    assert sap(on_itself(double, CLASSES), ordered=lines) == exactly(0)


def test_codes_of_any_size_are_told_apart() -> None:
    for scale in (1e-300, 1e-30, 1e29):
        assert score("informativeness", TRUE * scale, CLASSES) == 1
        assert score("sap", TRUE * scale + 4 * scale, CLASSES) == exactly(BEST["sap"])
        assert mig(Representation(TRUE * scale, CLASSES)) == exactly(1)


@settings(max_examples=15)
@given(name=st.sampled_from(sorted(SCORES)), n=st.integers(30, 80), codes=st.integers(1, 4), seed=seeds)
def test_scores_have_bounds_and_know_no_order_of_samples(name: str, n: int, codes: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    classes = torch.cat([torch.tensor([[0, 0], [1, 1]]), torch.randint(2, (n - 2, 2), generator=generator)])
    noisy = torch.randn(n, codes, generator=generator).double() + classes[:, :1]
    found = score(name, noisy, classes)
    assert -1e-12 <= found <= 1
    order = torch.randperm(n, generator=generator)
    if name not in ("disentanglement", "completeness", "informativeness"):  # which samples a tree sees depends on their order
        assert score(name, noisy[order], classes[order]) == exactly(found, abs=1e-3)
    if name in ("mig", "modularity", "sap", "infom", "infoc"):
        turned = torch.randperm(codes, generator=generator)
        assert score(name, noisy[:, turned], classes) == exactly(found, abs=1e-9)


@given(rows=st.lists(st.lists(st.floats(0, 1e6), min_size=3, max_size=3), min_size=1, max_size=5), seed=seeds)
def test_purity_has_bounds_and_knows_no_order(rows: list[list[float]], seed: int) -> None:
    importance = torch.tensor(rows, dtype=torch.float64)
    found = purity(importance.numpy())
    assert 0 <= found <= 1
    order = torch.randperm(3, generator=torch.Generator().manual_seed(seed))
    assert purity(importance[:, order].numpy()) == exactly(found, abs=1e-9)

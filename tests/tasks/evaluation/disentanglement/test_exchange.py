import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tasks.data.dsprites.sprites import DSPRITES
from tasks.evaluation.disentanglement.exchange import changes, exchange_metrics
from tests.helpers import error, seeds
from vsa.errors import DtypeError, ShapeError


def read(units: Tensor) -> Tensor:
    return units[..., 0].long()


def test_a_model_that_changes_one_factor_for_each_unit_is_perfect() -> None:
    for factors in (2, 5, 6):
        found = exchange_metrics(torch.eye(factors, dtype=torch.bool).expand(7, -1, -1))
        assert found.dmm == 0
        assert found.dmm_published == factors - 2, "the published code counts those that stay: four of five, less one"
        assert found.dcm == 0
        p = math.exp(10) / (math.exp(10) + factors - 1)
        q = (1 - p) / (factors - 1)
        assert found.dcm_published == pytest.approx(-p * math.log(p) - (factors - 1) * q * math.log(q))


def test_units_that_change_everything_or_nothing_are_worst() -> None:
    everything = exchange_metrics(torch.ones(3, 4, 5, dtype=torch.bool))
    nothing = exchange_metrics(torch.zeros(3, 4, 5, dtype=torch.bool))
    assert (everything.dmm, everything.dmm_published) == (4, 1)
    assert (nothing.dmm, nothing.dmm_published) == (1, 4)
    for found in (everything, nothing):
        assert found.dcm == pytest.approx(math.log(5))
        assert found.dcm_published == pytest.approx(math.log(5))


def test_the_published_count_is_best_where_all_but_one_change() -> None:
    assert exchange_metrics(~torch.eye(5, dtype=torch.bool)[None]).dmm_published == 0


def test_one_factor_at_a_time_but_any_is_modular_and_not_compact() -> None:
    changed = torch.eye(4, dtype=torch.bool)[:, None]  # one unit, which changes another factor of each object
    found = exchange_metrics(changed)
    assert found.dmm == 0
    assert found.dcm == pytest.approx(math.log(4))
    assert found.rates.tolist() == [[0.25] * 4]


@given(n=st.integers(1, 6), units=st.integers(1, 5), factors=st.integers(2, 5), seed=seeds)
def test_bounds_and_order(n: int, units: int, factors: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    changed = torch.rand(n, units, factors, generator=generator) < 0.5
    found = exchange_metrics(changed)
    assert 0 <= found.dmm <= factors - 1
    assert 0 <= found.dmm_published <= factors - 1
    assert 0 <= found.dcm <= math.log(factors)
    assert 0 <= found.dcm_published <= math.log(factors) + 1e-12
    turned = exchange_metrics(changed.flip(0, 1, 2))
    for name in ("dmm", "dmm_published", "dcm", "dcm_published"):
        assert getattr(turned, name) == pytest.approx(getattr(found, name))


def test_changes_are_counted_by_what_can_be_seen() -> None:
    units = torch.tensor([[2, 0, 0, 9, 9], [0, 0, 0, 9, 9]]).float()[..., None]
    donors = units + torch.tensor([0, 2, 20, 1, 2])[:, None].float()
    changed = changes(units, donors, read, DSPRITES)
    expected = torch.diag(torch.tensor([False, True, True, False, True]))
    assert torch.equal(changed[0], expected), "a heart turned by half, and one step in x, which is no change"
    expected[2, 2] = False
    assert torch.equal(changed[1], expected), "a square turned by 20 of 39 steps looks the same, within one step"
    assert torch.equal(changes(units, units, read, DSPRITES), torch.zeros(2, 5, 5, dtype=torch.bool))


def test_another_shape_is_a_change_however_near() -> None:
    units = torch.zeros(1, 5, 1)
    assert changes(units, units + 1, read, DSPRITES, steps=9)[0].tolist() == torch.diag(torch.eye(5)[0]).bool().tolist()


def test_mixed_units_change_several_factors() -> None:
    units = torch.zeros(6, 5, 1)

    def mixed(units: Tensor) -> Tensor:
        return read(units).cumsum(1).clamp(max=2)

    changed = changes(units, units + 2, mixed, DSPRITES)
    assert torch.equal(changed[0], torch.ones(5, 5).triu().bool())
    assert exchange_metrics(changed).dmm == pytest.approx((4 + 3 + 2 + 1 + 0) / 5)


def test_what_is_refused() -> None:
    with error(DtypeError, "changed must be a tensor"):
        exchange_metrics([True])  # pyright: ignore[reportArgumentType]
    with error(ShapeError, "changed must be bool [n, U, F]"):
        exchange_metrics(torch.ones(2, 5, dtype=torch.bool))
    with error(ShapeError, "changed must be bool [n, U, F]", "got torch.float32"):
        exchange_metrics(torch.ones(2, 5, 5))  # pyright: ignore[reportArgumentType]
    for shape in ((0, 5, 5), (2, 0, 5), (2, 5, 1)):
        with error(ShapeError, "none of them 0 and F at least 2", str(list(shape))):
            exchange_metrics(torch.ones(shape, dtype=torch.bool))
    units = torch.zeros(2, 5, 1)
    with error(ShapeError, "units and donors must both be [n, U, D], got [2, 5, 1] and [2, 5, 2]"):
        changes(units, torch.zeros(2, 5, 2), read, DSPRITES)
    with error(DtypeError, "units and donors must be tensors"):
        changes(units, None, read, DSPRITES)  # pyright: ignore[reportArgumentType]
    with error(ShapeError, "what is read must be int64 [2, 5]"):
        changes(units, units, lambda units: units[..., 0], DSPRITES)

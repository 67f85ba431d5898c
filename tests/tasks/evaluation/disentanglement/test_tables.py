"""What metrics refuse, and what they say."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from tasks.evaluation.disentanglement.dci import dci
from tasks.evaluation.disentanglement.gaps import mig
from tasks.evaluation.disentanglement.infomec import infomec
from tasks.evaluation.disentanglement.sap import sap
from tasks.evaluation.disentanglement.tables import discretise, entropies, mutual_information
from tests.helpers import error
from tests.tasks.evaluation.disentanglement.representations import CLASSES, METRICS, TRUE
from vsa.errors import DtypeError, RangeError, ShapeError

every_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
Score = Callable[..., float]


@every_metric
def test_what_is_no_table_is_refused(metric: Score) -> None:
    with error(DtypeError, "codes must be a tensor or an array", "got list"):
        metric(TRUE.tolist(), CLASSES)
    with error(DtypeError, "codes must be real numbers [n, L], got complex128"):
        metric(TRUE + 1j, CLASSES)
    with error(DtypeError, "codes must be real numbers", "got bool"):
        metric(TRUE > 2, CLASSES)
    with error(DtypeError, "codes must be", "dense"):
        metric(TRUE.to_sparse(), CLASSES)
    with error(ShapeError, "codes must be [n, L], none of them 0, got [625]"):
        metric(TRUE[:, 0], CLASSES)
    with error(ShapeError, "codes must be [n, L]", "got [0, 4]"):
        metric(TRUE[:0], CLASSES[:0])
    with error(DtypeError, "classes must be integers [n, F], got float64"):
        metric(TRUE, TRUE)
    with error(ShapeError, "classes must be [n, F] with n = 625, a row for each code", "got [624, 4]"):
        metric(TRUE, CLASSES[1:])
    with error(ShapeError, "classes must be [n, F]", "got [625]"):
        metric(TRUE, CLASSES[:, 0])


@every_metric
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e31])
def test_codes_must_be_numbers(metric: Score, value: float) -> None:
    wrong = TRUE.clone()
    wrong[3, 1] = value
    with error(RangeError, "codes must be finite", "at index [3, 1]", "1 of 2500"):
        metric(wrong, CLASSES)


@every_metric
def test_a_factor_must_have_two_classes(metric: Score) -> None:
    one = CLASSES.clone()
    one[:, 2] = 3
    with error(RangeError, "two classes at least, got only class 3 of factor 2", "leave that column out"):
        metric(TRUE, one)
    with error(RangeError, "two classes at least", "(1 samples)", "draw more samples"):
        metric(TRUE[:1], CLASSES[:1])


@pytest.mark.parametrize("metric", [dci, sap, infomec])
def test_two_tables_must_fit(metric: Callable[..., object]) -> None:
    with error(ShapeError, "train_codes and test_codes must have as many columns, got [625, 4] and [625, 3]"):
        metric(TRUE, CLASSES, TRUE[:, :3], CLASSES)
    with error(ShapeError, "train_classes and test_classes must have as many columns"):
        metric(TRUE, CLASSES, TRUE, CLASSES[:, :3])
    few = CLASSES[:, 1] < 4
    with error(RangeError, "class 4 of factor 1 is tested, but none of 500 training samples has it"):
        metric(TRUE[few], CLASSES[few], TRUE, CLASSES)


def test_what_else_is_refused() -> None:
    with error(ShapeError, "F at least 2", "got [625, 1]"):
        dci(TRUE, CLASSES[:, :1], TRUE, CLASSES[:, :1])
    with error(RangeError, "seed must be from 0"):
        dci(TRUE, CLASSES, TRUE, CLASSES, -1)
    with error(RangeError, "trees must be from 1"):
        dci(TRUE, CLASSES, TRUE, CLASSES, trees=0)
    with error(RangeError, "bins must be from 2"):
        mig(TRUE, CLASSES, bins=1)
    with error(DtypeError, "bins must be an integer"):
        mig(TRUE, CLASSES, bins=2.5)  # pyright: ignore[reportArgumentType]
    with error(ShapeError, "ordered must say yes or no for each of 4 factors, got 2"):
        sap(TRUE, CLASSES, TRUE, CLASSES, ordered=(True, False))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.int64, torch.uint8])
def test_any_real_dtype_will_do_and_nothing_is_changed(dtype: torch.dtype) -> None:
    codes = TRUE.to(dtype).requires_grad_(dtype.is_floating_point)
    before = codes.detach().clone()
    assert mig(codes, CLASSES.to(torch.int32)) == pytest.approx(1)
    assert mig(before.float().numpy(), CLASSES.numpy()) == pytest.approx(1)
    assert torch.equal(codes.detach(), before)


def test_bins_are_of_equal_width() -> None:
    codes = np.linspace(0, 1, 101)[:, None]
    binned = discretise(codes, 20)[:, 0]
    assert binned.min() == 0
    assert binned.max() == 19
    assert set(np.bincount(binned)) <= {4, 5, 6}
    assert np.bincount(binned)[-1] == 6, "the largest value is in the last bin"
    assert discretise(np.ones((3, 1)), 20).max() == 0


def test_information_and_entropy_are_in_nats() -> None:
    told = mutual_information(TRUE.numpy(), CLASSES.numpy())
    np.testing.assert_allclose(told, np.eye(4) * np.log(5), atol=1e-12)
    np.testing.assert_allclose(entropies(CLASSES.numpy()), np.log(5))

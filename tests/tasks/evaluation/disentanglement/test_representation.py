"""What a representation must be, and what is said of one that is not."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from tasks.evaluation.disentanglement.dci import dci, dci_lasso
from tasks.evaluation.disentanglement.explicitness import explicitness
from tasks.evaluation.disentanglement.infomec import infomec
from tasks.evaluation.disentanglement.information import discretise, entropies, mig, modularity, mutual_information
from tasks.evaluation.disentanglement.representation import Representation
from tasks.evaluation.disentanglement.sap import sap
from tests.helpers import error
from tests.tasks.evaluation.disentanglement.representations import CLASSES, TRUE, on_itself
from vsa.errors import DtypeError, RangeError, ShapeError


def test_what_is_no_representation_is_refused() -> None:
    with error(DtypeError, "codes must be a tensor or an array", "got list"):
        Representation(TRUE.tolist(), CLASSES)  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "codes must be real numbers [n, L], got complex128"):
        Representation(TRUE + 1j, CLASSES)
    with error(DtypeError, "codes must be real numbers", "got bool"):
        Representation(TRUE > 2, CLASSES)
    with error(DtypeError, "codes must be", "dense"):
        Representation(TRUE.to_sparse(), CLASSES)
    with error(ShapeError, "codes must be [n, L], none of them 0, got [625]"):
        Representation(TRUE[:, 0], CLASSES)
    with error(ShapeError, "codes must be [n, L]", "got [0, 4]"):
        Representation(TRUE[:0], CLASSES[:0])
    with error(DtypeError, "classes must be integers [n, F], got float64"):
        Representation(TRUE, TRUE)
    with error(ShapeError, "classes must be [n, F] with n = 625, a row for each code", "got [624, 4]"):
        Representation(TRUE, CLASSES[1:])
    with error(ShapeError, "classes must be [n, F]", "got [625]"):
        Representation(TRUE, CLASSES[:, 0])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e31])
def test_codes_must_be_numbers(value: float) -> None:
    wrong = TRUE.clone()
    wrong[3, 1] = value
    with error(RangeError, "codes must be finite", "at index [3, 1]", "1 of 2500"):
        Representation(wrong, CLASSES)


def test_a_factor_must_have_two_classes() -> None:
    one = CLASSES.clone()
    one[:, 2] = 3
    with error(RangeError, "two classes at least, got only class 3 of factor 2", "leave that column out"):
        Representation(TRUE, one)
    with error(RangeError, "two classes at least", "(1 samples)", "draw more samples"):
        Representation(TRUE[:1], CLASSES[:1])


def test_samples_to_test_on_must_fit() -> None:
    with error(ShapeError, "codes and test_codes must have as many columns, got [625, 4] and [625, 3]"):
        Representation(TRUE, CLASSES, TRUE[:, :3], CLASSES)
    with error(ShapeError, "classes and test_classes must have as many columns"):
        Representation(TRUE, CLASSES, TRUE, CLASSES[:, :3])
    few = CLASSES[:, 1] < 4
    with error(RangeError, "class 4 of factor 1 is tested, but none of 500 training samples has it"):
        Representation(TRUE[few], CLASSES[few], TRUE, CLASSES)
    with error(RangeError, "test_codes must be finite", "nan"):
        Representation(TRUE, CLASSES, TRUE * torch.nan, CLASSES)
    with error(ShapeError, "test_classes must be [n, F] with n = 625"):
        Representation(TRUE, CLASSES, TRUE, CLASSES[1:])
    with error(ShapeError, "test_codes and test_classes belong together"):
        Representation(TRUE, CLASSES, TRUE)


@pytest.mark.parametrize("metric", [dci, sap, infomec, explicitness])
def test_a_metric_that_tests_needs_samples_to_test_on(metric: Callable[[Representation], object]) -> None:
    with error(ShapeError, "give test_codes and test_classes, too"):
        metric(Representation(TRUE, CLASSES))


@pytest.mark.parametrize("metric", [dci, dci_lasso, infomec, modularity])
def test_a_metric_that_compares_factors_needs_two(metric: Callable[[Representation], object]) -> None:
    with error(ShapeError, "F at least 2", "got [625, 1]"):
        metric(on_itself(TRUE, CLASSES[:, :1]))


def test_what_else_is_refused() -> None:
    known = on_itself(TRUE, CLASSES)
    with error(RangeError, "seed must be from 0"):
        dci(known, -1)
    with error(RangeError, "trees must be from 1"):
        dci(known, trees=0)
    with error(RangeError, "alpha must be above 0", "got nan"):
        dci_lasso(known, alpha=float("nan"))
    with error(DtypeError, "alpha must be a number, got str"):
        dci_lasso(known, alpha="0.02")  # pyright: ignore[reportArgumentType]
    with error(RangeError, "bins must be from 2"):
        Representation(TRUE, CLASSES, bins=1)
    with error(DtypeError, "bins must be an integer"):
        Representation(TRUE, CLASSES, bins=2.5)  # pyright: ignore[reportArgumentType]
    with error(ShapeError, "ordered must say yes or no for each of 4 factors, got 2"):
        sap(known, ordered=(True, False))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.int64, torch.uint8])
def test_any_real_dtype_will_do_and_nothing_is_changed(dtype: torch.dtype) -> None:
    codes = TRUE.to(dtype).requires_grad_(dtype.is_floating_point)
    before = codes.detach().clone()
    assert mig(Representation(codes, CLASSES.to(torch.int32))) == pytest.approx(1)
    assert mig(Representation(before.float().numpy(), CLASSES.numpy())) == pytest.approx(1)
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

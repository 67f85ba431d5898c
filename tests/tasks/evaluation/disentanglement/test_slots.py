import pytest
import torch
from hypothesis import given, settings
from torch import Tensor

from tasks.evaluation.disentanglement.information import mig
from tasks.evaluation.disentanglement.readout import prototypes, scalar_readout
from tasks.evaluation.disentanglement.representation import Representation
from tasks.evaluation.disentanglement.sap import sap
from tasks.evaluation.disentanglement.slots import Slotwise, slotwise, whiten
from tests.helpers import error, seeds
from tests.tasks.evaluation.disentanglement.representations import noise
from vsa.errors import DtypeError, RangeError, ShapeError

VALUES = 4
CLASSES = torch.cartesian_prod(*[torch.arange(VALUES)] * 3).repeat(24, 1)  # three independent factors
N, DIM = len(CLASSES), 16


def names(seed: int = 0) -> Tensor:
    """A vector for each value of each factor, [3, VALUES, DIM]."""
    return noise(3 * VALUES, DIM, seed).view(3, VALUES, DIM)


def vectors(seed: int = 0) -> Tensor:
    """Each feature vector is the name of its factor's value: [n, 3, DIM]."""
    return torch.stack([book[column] for book, column in zip(names(seed), CLASSES.T, strict=True)], 1)


def measured(features: Tensor, seed: int = 0) -> Slotwise:
    return slotwise(features, CLASSES, torch.Generator().manual_seed(seed))


def jitter(shape: torch.Size, seed: int = 9) -> Tensor:
    return 0.01 * noise(shape[0] * shape[1], shape[2], seed).view(shape)


@settings(max_examples=10)
@given(seed=seeds)
def test_vectors_of_their_own_factor_tell_it_and_no_other(seed: int) -> None:
    found = measured(vectors(seed) + jitter(torch.Size((N, 3, DIM))), seed)
    off = ~torch.eye(3, dtype=torch.bool).numpy()
    assert (found.accuracy.diagonal() == 1).all()
    assert found.information.diagonal() == pytest.approx(1)
    assert found.variance.diagonal() == pytest.approx(1, abs=0.01)
    assert found.accuracy[off] == pytest.approx(1 / VALUES, abs=0.12)
    assert found.information[off].max() < 0.03
    assert found.variance[off].max() < 0.02
    summary = found.summary()
    assert summary["diagonal"] == 1
    assert summary["leakage"] == pytest.approx(0, abs=0.05)
    for name in ("gap", "disentanglement", "completeness"):
        assert summary[f"information_{name}"] > 0.9
        assert summary[f"variance_{name}"] > 0.9


def test_noise_tells_nothing() -> None:
    found = measured(noise(N * 3, DIM).view(N, 3, DIM))
    assert found.accuracy == pytest.approx(1 / VALUES, abs=0.08)
    assert found.information.max() < 0.02
    assert found.variance.max() < 0.01


def test_mixed_vectors_tell_all_factors_and_have_no_gap() -> None:
    every = vectors().sum(1, keepdim=True).expand(-1, 3, -1)
    summary = measured(every).summary()
    assert summary["diagonal"] == 1
    assert summary["leakage"] == pytest.approx(1 - 1 / VALUES, abs=0.05)
    for name in ("information", "variance"):
        assert summary[f"{name}_gap"] == pytest.approx(0)
        assert summary[f"{name}_completeness"] == pytest.approx(0, abs=1e-9)
        assert summary[f"{name}_disentanglement"] < 0.15


def test_variance_is_what_the_classes_differ_by() -> None:
    """Two factors in one vector on axes of their own: the shares are those of the squared scales."""
    features = torch.zeros(N, 3, DIM).double()
    features[:, 0, 0] = 3 * (CLASSES[:, 0] - 1.5)
    features[:, 0, 1] = CLASSES[:, 1] - 1.5
    found = measured(features)
    assert found.variance[0] == pytest.approx([0.9, 0.1, 0], abs=0.005)
    assert found.variance[1:] == pytest.approx(0)
    assert found.information[0, :2] == pytest.approx(1), "the probe finds both, whatever their scales"


def test_a_trace_is_found_by_the_probe_and_weighed_by_the_variance() -> None:
    own = vectors()
    found = measured(own + 0.03 * own.roll(1, 1))
    assert found.summary()["leakage"] > 0.2, "two of the six others are found nearly always"
    assert found.summary()["variance_disentanglement"] > 0.95


@pytest.mark.parametrize("value", [0.0, 0.1, -1e29])
def test_a_vector_that_never_changes_tells_nothing(value: float) -> None:
    features = vectors()
    features[:, 1] = value
    found = measured(features)
    assert (found.accuracy[1] == found.chance).all()
    assert not found.information[1].any()
    assert not found.variance[1].any()
    assert measured(torch.full((N, 3, DIM), value).double()).summary()["information_disentanglement"] == 0


def test_scales_shifts_and_rotations_change_nothing() -> None:
    features = vectors() + jitter(torch.Size((N, 3, DIM)))
    rotation = torch.linalg.qr(noise(DIM, DIM, 1))[0]
    for other in (features * 1e6, features * 1e-6 + 0.5, features @ rotation):
        before, after = measured(features).summary(), measured(other).summary()
        assert after == pytest.approx(before, abs=0.01)


def test_other_vectors_in_other_places() -> None:
    features = vectors() + jitter(torch.Size((N, 3, DIM)))
    found, turned = measured(features), measured(features.flip(1))
    assert (turned.accuracy == found.accuracy[::-1]).all()
    assert turned.summary()["variance_gap"] == pytest.approx(found.summary()["variance_gap"])
    assert turned.diagonal < found.diagonal
    more = measured(torch.cat([features, features[:, :1]], 1))
    assert more.accuracy.shape == (4, 3)
    assert more.summary()["variance_gap"] == pytest.approx(2 / 3 * found.summary()["variance_gap"], abs=0.02)


def test_whitened_vectors_have_variance_one() -> None:
    train, test = whiten(noise(500, 100).numpy() * 7 + 3, noise(20, 100, 1).numpy())
    assert train.shape == (500, 64)
    assert test.shape == (20, 64)
    assert train.mean(0) == pytest.approx(0, abs=1e-9)
    assert train.var(0) == pytest.approx(1)


def test_a_readout_is_the_nearest_prototype() -> None:
    books = prototypes(vectors(), CLASSES)
    for book, name in zip(books, names(), strict=True):
        torch.testing.assert_close(book, name)
    noisy = vectors() + 0.1 * noise(N * 3, DIM, 5).view(N, 3, DIM)
    found = scalar_readout(noisy * 7, books)
    assert torch.equal(found, CLASSES)
    read = Representation(found, CLASSES, found, CLASSES, bins=None)
    assert mig(read) == pytest.approx(1)
    assert sap(read) == pytest.approx(1 - 1 / VALUES)


def test_a_prototype_that_no_sample_has_is_never_nearest() -> None:
    classes = CLASSES[:, :1] * 2
    (book,) = prototypes(vectors()[:, :1], classes)
    assert not book[1::2].any()
    assert torch.equal(scalar_readout(-vectors()[:, :1], [book]) % 2, torch.zeros(N, 1, dtype=torch.int64))


def test_what_is_refused() -> None:
    features, generator = vectors(), torch.Generator()
    with error(DtypeError, "features must be a tensor or an array, float [n, F, D], got list"):
        slotwise(features.tolist(), CLASSES, generator)  # pyright: ignore[reportArgumentType]
    with error(ShapeError, "features must be [n, F, D], none of them 0", str([N, DIM])):
        slotwise(features[:, 0], CLASSES, generator)
    with error(RangeError, "features must be finite", "nan", "[0, 0, 0]"):
        slotwise(features * torch.nan, CLASSES, generator)
    with error(ShapeError, "classes must be [n, F]"):
        slotwise(features, CLASSES[1:], generator)
    with error(RangeError, "two classes at least"):
        slotwise(features, CLASSES * 0, generator)
    with error(DtypeError, "the generator decides"):
        slotwise(features, CLASSES, 0)  # pyright: ignore[reportArgumentType]
    with error(RangeError, "at least 4 samples", "got 2"):
        slotwise(features[:2], torch.tensor([[0, 0], [1, 1]]), generator)
    with error(RangeError, "draw more samples"):
        slotwise(features[:7], torch.arange(7)[:, None].expand(-1, 2), generator)
    with error(RangeError, "class 1 of factor 0 has one training sample", "the probe needs two; draw more samples"):
        slotwise(features[:20], (torch.arange(20) < 2).long()[:, None].expand(-1, 2), generator.manual_seed(1))
    with error(ShapeError, "a feature vector for each factor, got 2 and 3"):
        prototypes(features[:, :2], CLASSES)
    with error(RangeError, "numbered from 0", "got -1"):
        prototypes(features, CLASSES - 1)
    with error(ShapeError, "a list of codebooks, one for each of 3 feature vectors, got 2"):
        scalar_readout(features, list(names()[:2]))
    with error(ShapeError, "got NoneType"):
        scalar_readout(features, None)  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "codebook 1 must be a tensor"):
        scalar_readout(features, [names()[0], None, None])  # pyright: ignore[reportArgumentType]
    with error(ShapeError, "codebook 0 must be [K, 16]", "got [4, 15]"):
        scalar_readout(features, list(names()[:, :, 1:]))
    with error(RangeError, "codebook 0 must be finite"):
        scalar_readout(features, list(names() * torch.inf))

"""Encoders and decoders of others: what they return is looked at when they are made, before anything is trained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tasks import networks
from tasks.data import open_dataset
from tasks.id_gan.config import IDGANConfig
from tasks.id_gan.task import TASK as ID_GAN
from tasks.networks import make
from tasks.symbolic.config import PairedConfig
from tasks.symbolic.stages import PAIRED
from tasks.vae.config import VAEConfig
from tasks.vae.task import TASK as VAE
from tests.helpers import as_a_user, error
from vsa.errors import DtypeError, PluginError, ShapeError

IMAGE = (1, 64, 64)


class Own(nn.Module):
    """A network that returns whatever it is told to."""

    def __init__(self, gives: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.gives, self.norm = gives, nn.BatchNorm1d(3)
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, given: Tensor) -> Any:
        return self.gives(given)


def made(monkeypatch: pytest.MonkeyPatch, gives: Callable[[Tensor], Any]) -> None:
    monkeypatch.setattr(networks, "load", lambda kind, name: lambda **arguments: Own(gives))


def features(images: Tensor) -> Tensor:
    return torch.zeros(len(images), 5, 8)


ENCODERS: list[tuple[Callable[[Tensor], Any], type, str]] = [
    (features, DtypeError, "got one tensor [2, 5, 8] of torch.float32"),
    (lambda x: (features(x),), DtypeError, "got a tuple of 1: a tensor [2, 5, 8]"),
    (lambda x: (features(x), None), DtypeError, "got a tuple of 2: a tensor [2, 5, 8], NoneType"),
    (lambda x: (features(x),) * 3, DtypeError, "got a tuple of 3"),
    (lambda x: {"mean": features(x)}, DtypeError, "got dict"),
    (lambda x: None, DtypeError, "got NoneType"),
    (lambda x: (features(x)[0], features(x)[0]), ShapeError, "got [5, 8] and [5, 8]"),
    (lambda x: (features(x), features(x)[..., :1]), ShapeError, "got [2, 5, 8] and [2, 5, 1]"),
    (lambda x: (features(x).long(), features(x)), DtypeError, "got torch.int64 and torch.float32"),
    (lambda x: (features(x) + 0j, features(x)), DtypeError, "got torch.complex64 and torch.float32"),
]


@pytest.mark.parametrize(("gives", "kind", "got"), ENCODERS, ids=range(len(ENCODERS)))
def test_encoders_that_return_something_else(monkeypatch: pytest.MonkeyPatch, gives: Any, kind: Any, got: str) -> None:
    made(monkeypatch, gives)
    with error(kind, "the encoder Own must return mean and log variance [2, 5, 8]", got):
        make("encoder", "own", image=IMAGE, features=5, dim=8)


DECODERS: list[tuple[Callable[[Tensor], Any], type, str]] = [
    (lambda x: torch.zeros(len(x), 64, 64), ShapeError, "got [2, 64, 64]"),
    (lambda x: torch.zeros(len(x), 1, 32, 32), ShapeError, "got [2, 1, 32, 32]"),
    (lambda x: torch.zeros(1, *IMAGE), ShapeError, "got [1, 1, 64, 64]"),
    (lambda x: (torch.zeros(len(x), *IMAGE),), DtypeError, "got a tuple of 1: a tensor [2, 1, 64, 64]"),
    (lambda x: torch.zeros(len(x), *IMAGE).long(), DtypeError, "got one tensor [2, 1, 64, 64] of torch.int64"),
    (lambda x: None, DtypeError, "got NoneType"),
]


@pytest.mark.parametrize(("gives", "kind", "got"), DECODERS, ids=range(len(DECODERS)))
def test_decoders_that_return_something_else(monkeypatch: pytest.MonkeyPatch, gives: Any, kind: Any, got: str) -> None:
    made(monkeypatch, gives)
    with error(
        kind, "the decoder Own must return the parameters of pixels [2, 1, 64, 64], one tensor of floating point numbers", got
    ):
        make("decoder", "own", image=IMAGE, dim=8)


def test_what_is_made_is_as_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made(monkeypatch, lambda images: (features(images), features(images)))
    for training in (True, False):
        monkeypatch.setattr(
            networks,
            "load",
            lambda kind, name, training=training: lambda **arguments: Own(lambda x: (features(x), features(x))).train(training),
        )
        module = make("encoder", "own", image=IMAGE, features=5, dim=8)
        assert module.training is training
        assert all(weight.grad is None for weight in module.parameters())
    monkeypatch.setattr(networks, "load", lambda kind, name: lambda **arguments: "a network")
    with error(DtypeError, "the encoder 'own' must make a torch.nn.Module, got str"):
        make("encoder", "own", image=IMAGE, features=5, dim=8)
    monkeypatch.setattr(networks, "load", lambda kind, name: lambda width: None)
    with error(PluginError, "the encoder 'own' cannot be made with image=(1, 64, 64), features=5, dim=8", "unexpected keyword"):
        make("encoder", "own", image=IMAGE, features=5, dim=8)


class Asking(nn.Linear):
    """A decoder that asks for the number of features."""

    def __init__(self, dim: int, image: tuple[int, int, int], features: int) -> None:
        super().__init__(dim, 64 * 64)
        self.asked = features

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input).view(-1, *IMAGE)


def silent(dim: int, image: tuple[int, int, int]) -> nn.Module:
    """The same, which does not ask."""
    return Asking(dim, image, features=-1)


def taking(**given: Any) -> nn.Module:
    """The same, which names nothing that it takes."""
    return Asking(**{"features": -1, **given})


def test_a_decoder_gets_the_number_of_features_if_it_asks() -> None:
    for name, asked in (("Asking", 5), ("silent", -1), ("taking", -1)):
        decoder = make("decoder", f"{__name__}:{name}", image=IMAGE, features=5, dim=8)
        assert isinstance(decoder, Asking)
        assert decoder.asked == asked
    with error(PluginError, "the decoder ", "cannot be made with image=(1, 64, 64), dim=8: ", "'features'"):
        make("decoder", f"{__name__}:Asking", image=IMAGE, dim=8)


@pytest.mark.parametrize("dataset", ["circles", "simple", "dsprites"])
def test_decoders_are_made_for_the_features_of_the_data_set(dataset: str) -> None:
    features = len(open_dataset(dataset).features)
    own: Any = {"dataset": dataset, "decoder": f"{__name__}:Coloured", "device": "cpu"}
    stage = PAIRED.build(PairedConfig(dim=8, **own))
    vae = VAE.build(VAEConfig(latents=7, samples=0, **own))
    gan = ID_GAN.build(IDGANConfig(latents=7, samples=0, start=Path("nowhere"), **own))
    for decoder in (stage.decoder, vae.decoder, gan.generator, gan.vae.decoder):
        assert decoder.features == features


class Coloured(nn.Module):
    """A decoder of pictures of any shape, that asks for the number of features."""

    def __init__(self, dim: int, image: tuple[int, int, int], features: int) -> None:
        super().__init__()
        self.image, self.features, self.bias = image, features, nn.Parameter(torch.zeros(image))

    def forward(self, vectors: Tensor) -> Tensor:
        return self.bias.expand(len(vectors), *self.image)


@pytest.mark.parametrize(("dataset", "axes"), [("circles", (0, 1)), ("dsprites", (3, 4))])
def test_networks_of_numbers_get_the_axes_of_the_data_set(dataset: str, axes: tuple[int, int]) -> None:
    own: Any = {"dataset": dataset, "encoder": f"{__name__}:Placed", "decoder": f"{__name__}:placed", "device": "cpu"}
    vae = VAE.build(VAEConfig(latents=7, samples=0, **own))
    gan = ID_GAN.build(IDGANConfig(latents=7, samples=0, start=Path("nowhere"), **own))
    for decoder in (vae.decoder, gan.generator, gan.vae.decoder):
        assert decoder.get_submodule("placed").axes == axes
    assert vae.encoder.axes == gan.vae.encoder.axes == axes
    assert gan.discriminator.axes == (None, None), "what it says is no place"


class Placed(nn.Module):
    """An encoder that asks where the place is."""

    def __init__(self, image: tuple[int, int, int], features: int, dim: int, axes: tuple[int | None, int | None]) -> None:
        super().__init__()
        self.axes, self.bias = axes, nn.Parameter(torch.zeros(features, dim))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean = self.bias.expand(len(images), *self.bias.shape)
        return mean, mean


def placed(dim: int, image: tuple[int, int, int], axes: tuple[int | None, int | None]) -> nn.Module:
    """A decoder that asks, too."""
    decoder = Coloured(dim, image, features=0)
    decoder.placed = Placed(image, 1, dim, axes)
    return decoder


def test_errors_of_its_own_stay_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(given: Tensor) -> Any:
        raise ZeroDivisionError("its own")

    made(monkeypatch, fails)
    with as_a_user(), pytest.raises(ZeroDivisionError, match="its own"):
        make("encoder", "own", image=IMAGE, features=5, dim=8)


def mean_alone(image: tuple[int, int, int], features: int, dim: int) -> nn.Module:
    """An encoder that forgets the log variance."""
    return nn.Sequential(nn.Flatten(), nn.Linear(64 * 64, features * dim), nn.Unflatten(1, (features, dim)))


def flat(dim: int, image: tuple[int, int, int]) -> nn.Module:
    """A decoder that forgets the picture's shape."""
    return nn.Linear(dim, 64 * 64)


@pytest.mark.parametrize(
    ("task", "config"),
    [
        (PAIRED, PairedConfig(dim=8)),
        (VAE, VAEConfig(latents=2, samples=0)),
        (ID_GAN, IDGANConfig(latents=2, samples=0, start=Path("nowhere"))),
    ],
    ids=["paired", "vae", "id-gan"],
)
def test_a_run_ends_before_it_begins(task: Any, config: Any, tmp_path: Path) -> None:
    for setting, wrong in (("encoder", "mean_alone"), ("decoder", "flat")):
        own = type(config)(
            **{**vars(config), setting: f"{__name__}:{wrong}", "out": tmp_path / "run", "steps": 1, "device": "cpu"}
        )
        with error(DtypeError if setting == "encoder" else ShapeError, f"the {setting} ", "must return"):
            task.run(own)
        assert not (tmp_path / "run").exists()

"""What `features`, `posterior` and `codes` take, and what they refuse in one line."""

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from tasks import load_model
from tasks.data.dsprites.renderer import render
from tasks.pictures import as_pictures
from tasks.symbolic.model import SceneModel
from tasks.task_model import TaskModel
from tasks.vae.config import VAEConfig
from tasks.vae.task import TASK as VAE
from tests.helpers import as_a_user, error
from vsa.errors import DtypeError, RangeError, ShapeError

CPU = torch.device("cpu")
DRAWN = render(torch.tensor([[0, 5, 3, 4, 6], [2, 3, 8, 30, 20]]))[:, None]


@pytest.fixture(scope="module")
def model() -> SceneModel:
    return load_model("paired")


def pil(mode: str = "L", white: int = 255) -> list[Image.Image]:
    return [Image.fromarray((picture[0] * white).numpy()).convert(mode) for picture in DRAWN]


@pytest.mark.parametrize(
    ("given", "white"),
    [
        (DRAWN * 255, None),
        (DRAWN.numpy() * 255, None),
        (DRAWN, None),
        (pil("L"), None),
        (pil("1"), None),
        (DRAWN.float(), 1),
        (DRAWN.double(), 1),
        (DRAWN.half(), 1),
        (DRAWN.bool(), 1),
        (DRAWN.long(), 1),
        (DRAWN * 255, 255),
        (DRAWN.float() * 255, 255),
        (DRAWN.numpy(), 1),
        (DRAWN.numpy().astype(">f4"), 1),
        (DRAWN.numpy().astype(bool)[::-1][::-1], 1),
        (DRAWN.numpy() * 255, 255),
        (pil("1"), 1),
        (pil("L"), 255),
    ],
    ids=lambda value: f"{type(value).__name__} {getattr(value, 'dtype', '')}" if not isinstance(value, int) else str(value),
)
def test_the_same_pictures_give_the_same_vectors(model: SceneModel, given: Any, white: int | None) -> None:
    with as_a_user(), torch.inference_mode():
        torch.testing.assert_close(model.features(given, white=white), model.features(DRAWN))
        torch.testing.assert_close(model.posterior(given, white=white)[0], model.features(DRAWN))


def test_a_single_picture_of_pils(model: SceneModel) -> None:
    with as_a_user(), torch.inference_mode():
        torch.testing.assert_close(model.features(pil("L")[1], 255), model.features(DRAWN[1:]))


NAN = torch.where(torch.arange(64) == 3, torch.nan, DRAWN.float())
REFUSED: list[tuple[Any, type, tuple[str, ...]]] = [
    (NAN, RangeError, ("pictures must have values from 0 to 1, got NaN",)),
    (DRAWN.float() * 255, RangeError, ("from 0 to 1, got 0 to 255; if 255 is white, say so: white=255",)),
    (DRAWN.long() * 255, RangeError, ("from 0 to 1, got 0 to 255; if 255 is white, say so: white=255",)),
    (DRAWN.numpy().astype("<i4") * 255, RangeError, ("if 255 is white, say so: white=255",)),
    (DRAWN.float() - 0.5, RangeError, ("from 0 to 1, got -0.5 to 0.5",)),
    (DRAWN.float() * torch.inf, RangeError, ("got NaN",)),
    (DRAWN.float() * 300, RangeError, ("got 0 to 300",)),
    (DRAWN[:1].expand(10**9, -1, -1, -1), RangeError, ("pictures: at most 16777216 at once, got 1000000000",)),
    (DRAWN[0], ShapeError, ("[B, 1, 64, 64], got [1, 64, 64]; one picture is a batch of one: images[None]",)),
    (DRAWN[:, 0], ShapeError, ("[B, 1, 64, 64], got [2, 64, 64]; the channel is missing: images[:, None]",)),
    (DRAWN.permute(0, 2, 3, 1), ShapeError, ("got [2, 64, 64, 1]; the channels come last",)),
    (DRAWN[..., :32], ShapeError, ("[B, 1, 64, 64], got [2, 1, 64, 32]",)),
    (DRAWN.expand(-1, 3, -1, -1), ShapeError, ("got [2, 3, 64, 64]",)),
    (pil("RGB"), ShapeError, ("got [2, 3, 64, 64]",)),
    ([pil("L")[0], pil("1")[0]], ShapeError, ("of one size and mode",)),
    (pil("RGBA"), DtypeError, ('mode 1, L or RGB, got RGBA; use image.convert("L")',)),
    (DRAWN.to(torch.complex64), DtypeError, ("real numbers from 0 to 1, got torch.complex64",)),
    (DRAWN.to_sparse(), DtypeError, ("must be a dense tensor",)),
    (DRAWN.to("meta"), DtypeError, ("must be a dense tensor that holds numbers",)),
    (np.array(["heart"]), DtypeError, ("real numbers, got an array of <U5",)),
    (np.array([None]), DtypeError, ("real numbers, got an array of object",)),
    ([], DtypeError, ("a list of them, got list",)),
    (DRAWN.tolist(), DtypeError, ("a tensor or an array [B, C, H, W], or a picture of PIL's or a list of them, got list",)),
    ("heart.png", DtypeError, ("got str",)),
    (None, DtypeError, ("got NoneType",)),
]


@pytest.mark.parametrize(("given", "kind", "parts"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_picture_is_refused_in_one_line(model: SceneModel, given: Any, kind: Any, parts: tuple[str, ...]) -> None:
    for door in (model.features, model.posterior):
        with error(kind, *parts) as caught:
            door(given)
        assert "\n" not in str(caught.value)


def test_the_doors_of_a_vae(model: SceneModel) -> None:
    vae = VAE.build(VAEConfig(latents=3)).eval()
    with as_a_user(), torch.no_grad():
        torch.testing.assert_close(vae.codes(DRAWN.numpy() * 255, white=255), vae.codes(DRAWN))
    with error(RangeError, "got NaN"):
        vae.codes(NAN)
    with error(ShapeError, "the channel is missing"):
        vae.posterior(DRAWN[:, 0])


def test_what_white_is() -> None:
    for white in (2, 0, True, "white", 1.0):
        with error(RangeError, f"white, the value of a white pixel, must be 1 or 255, got {white!r}"):
            as_pictures(DRAWN, CPU, white=white)  # pyright: ignore[reportArgumentType]
    with error(RangeError, "from 0 to 255, got 0 to 510"):
        as_pictures(DRAWN.float() * 510, CPU, white=255)


def test_pictures_are_prepared_when_that_is_asked_for(model: SceneModel) -> None:
    large = [image.convert("RGB").resize((256, 256), Image.Resampling.NEAREST) for image in pil("L")]
    with error(ShapeError, "[B, 1, 64, 64], got [2, 3, 256, 256]"):
        model.features(large)
    with as_a_user(), torch.inference_mode():
        torch.testing.assert_close(model.features(large, prepare=True), model.features(DRAWN), atol=0.5, rtol=0.5)
        same = as_pictures(DRAWN.expand(-1, 3, -1, -1) * 255, CPU, (1, 64, 64), prepare=True)
        torch.testing.assert_close(same, DRAWN.float(), atol=2e-4, rtol=0)  # the weights of the colours add up to 0.9999
        mixed = [large[0], pil("1")[1]]
        assert as_pictures(mixed, CPU, (3, 32, 32), prepare=True).shape == (2, 3, 32, 32)
    with error(ShapeError, "pictures of 4 channels cannot be made to have 1; give some of 1, 3 or 1"):
        model.features(DRAWN.expand(-1, 4, -1, -1), prepare=True)
    with error(ShapeError, "does not know the size of its pictures"):
        as_pictures(DRAWN, CPU, prepare=True)
    with error(ShapeError, "pictures without pixels cannot be resized"):
        model.features(DRAWN[..., :0], prepare=True)


def test_rounding_is_no_mistake_and_no_picture_is_none() -> None:
    rounded = DRAWN.float() * (1 + 1e-6)
    assert as_pictures(rounded, CPU) is rounded
    assert as_pictures(DRAWN[:0], CPU).shape == (0, 1, 64, 64)


def test_nothing_is_looked_at_while_torch_maps_or_compiles(model: SceneModel) -> None:
    def each(picture: Tensor) -> Tensor:
        return as_pictures(picture[None], CPU, (1, 64, 64))[0].float().mean()

    torch.testing.assert_close(torch.vmap(each)(DRAWN.float()), DRAWN.float().mean((1, 2, 3)))
    compiled = torch.compile(model.features, fullgraph=True, backend="eager")
    with as_a_user(), torch.no_grad():
        torch.testing.assert_close(compiled(DRAWN.float()), model.features(DRAWN.float()))


def test_gradients_flow_to_pictures(model: SceneModel) -> None:
    given = DRAWN.float().requires_grad_()
    model.features(given).sum().backward()
    assert given.grad is not None
    assert given.grad.abs().sum() > 0


def test_a_model_without_weights_has_a_device() -> None:
    class Empty(TaskModel):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("kept", torch.zeros(1))

    assert Empty().device == CPU

"""Features that are powers of a number: an object is moved by binding, and read at places that no training had."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from decoders.by_role import ByRoleDecoder
from encoders.fractional import FractionalEncoder
from tasks import load_model
from tasks.data import open_dataset
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population
from tasks.data.split import Split
from tasks.evaluation.reading import learn_codebooks
from tasks.symbolic.model import SceneModel
from tests.helpers import error
from vsa import ItemMemory
from vsa.errors import RangeError, SymbolError, VSAError

IMAGE, DIM = (1, 64, 64), 1024


def model(algebra: str = "MAP", slots: int = 2) -> SceneModel:
    torch.manual_seed(0)
    size = DIM // 2 if algebra == "FHRR" else DIM
    encoder = FractionalEncoder(IMAGE, 5, DIM, axes=(3, 4), hidden=32)
    decoder = ByRoleDecoder(DIM, IMAGE, 5, axes=(3, 4), powers=dict(encoder.powers.items()), hidden=32)
    roles = ItemMemory(DSPRITES.features, size, algebra=algebra)
    return SceneModel(encoder, decoder, roles, ItemMemory([f"{n}" for n in range(slots)], size, algebra=algebra, seed=1)).eval()


MODEL = model()
CLASSES = torch.tensor([[0, 3, 4, 10, 12], [2, 5, 30, 25, 20]])


def scene(one: SceneModel) -> torch.Tensor:
    with torch.no_grad():
        return one.scene(one.object(one.features(DSPRITES.observe(CLASSES)))[None])


@settings(max_examples=20)
@given(x=st.floats(-12, 12), y=st.floats(-12, 12), slot=st.integers(0, 1))
def test_moves_add_up_and_leave_the_other_object_alone(x: float, y: float, slot: int) -> None:
    before = scene(MODEL)
    after = MODEL.move(MODEL.move(before, slot, x=x), slot, y=y)
    for name, step in (("x", x), ("y", y)):
        assert MODEL.number(after, name, slot) - MODEL.number(before, name, slot) == pytest.approx(step, abs=0.3)
        assert MODEL.number(after, name, 1 - slot) == pytest.approx(MODEL.number(before, name, 1 - slot).item(), abs=0.3)
    back = MODEL.move(after, slot, x=-x, y=-y)
    assert (back - before).norm() < 0.3 * before.norm()


@pytest.mark.parametrize("algebra", ["MAP", "HRR", "FHRR"])
def test_any_algebra_moves_and_draws_by_role(algebra: str) -> None:
    one = model(algebra)
    before = scene(one)
    assert one.decode(before).shape == (1, *IMAGE)
    after = one.move(before, 1, x=torch.tensor([3.0]), y=-1.5)
    assert one.number(after, "x", 1) - one.number(before, "x", 1) == pytest.approx(3, abs=0.4)
    assert one.number(after, "y", 1) - one.number(before, "y", 1) == pytest.approx(-1.5, abs=0.4)


def test_places_that_were_never_seen_are_read() -> None:
    one = model(slots=1)
    left = Population(DSPRITES, "train", Split(test="x > 15"))
    learn_codebooks(one, left, torch.Generator().manual_seed(0), pictures=500)
    classes = Population(DSPRITES, "test", Split(test="x > 15")).sample(200, torch.Generator().manual_seed(1))
    with torch.no_grad():
        found = one.read(one.scene(one.object(one.features(DSPRITES.observe(classes)))[:, None]))
    for f in (3, 4):
        off = (found - classes)[classes[:, 0] != 2, f].abs()  # a heart, untrained, is not where its mass is
        assert (off <= 1).float().mean() > 0.98


def test_hues_that_were_never_seen_are_read_and_turned() -> None:
    torch.manual_seed(0)
    rooms, split = open_dataset("3dshapes"), Split(test="floor_hue > 4")
    encoder = FractionalEncoder((3, 64, 64), len(rooms.factors), DIM, hues=rooms.hues, hidden=16)
    assert encoder.hues is not None
    with torch.no_grad():
        encoder.hues.weights[0].zero_().view(64, 64)[60:] = 100  # the lowest rows are floor
    decoder = ByRoleDecoder(DIM, (3, 64, 64), len(rooms.factors), hues=rooms.hues, powers=dict(encoder.powers.items()), hidden=16)
    roles = ItemMemory(rooms.features, DIM)
    one = SceneModel(encoder, decoder, roles, ItemMemory(["0"], DIM, seed=1)).eval()
    learn_codebooks(one, Population(rooms, "train", split), torch.Generator().manual_seed(0), pictures=500)
    classes = Population(rooms, "test", split).sample(100, torch.Generator().manual_seed(1))
    with torch.no_grad():
        scenes = one.scene(one.object(one.features(rooms.observe(classes)))[:, None])
        turned = one.move(scenes, floor_hue=0.4)
    assert (one.read(scenes)[:, 0] == classes[:, 0]).float().mean() > 0.98
    assert (one.read(turned)[:, 0] == (classes[:, 0] + 4) % 10).float().mean() > 0.98
    others = one.number(turned, "wall_hue") - one.number(scenes, "wall_hue")
    assert (others - others.round()).abs().max() < 0.02  # turns


@pytest.mark.parametrize(
    ("steps", "kind", "message"),
    [
        ({"scale": 1.0}, VSAError, "scale is no power of a number, so nothing moves along it; those are x, y"),
        ({"z": 1.0}, SymbolError, "there is no feature 'z'"),
        ({"x": float("nan")}, RangeError, "x must move by a finite number, got nan"),
    ],
)
def test_what_cannot_be_moved_is_refused(steps: dict[str, Any], kind: type[VSAError], message: str) -> None:
    with error(kind, message):
        MODEL.move(scene(MODEL), 0, **steps)


def test_a_model_without_powers_says_so() -> None:
    with error(VSAError, "x is no power of a number", "this model has none"):
        load_model("paired-scene").move(torch.zeros(1, 1024), x=1.0)


def test_a_decoder_by_role_does_not_draw_whole_scenes() -> None:
    with error(RangeError, "ByRoleDecoder draws one object, read by its roles; use decoding 'slots'"):
        SceneModel(MODEL.encoder, MODEL.decoder, MODEL.roles, MODEL.slots, decoding="whole")

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, nn

from decoders.conv import ConvDecoder
from encoders.conv import ConvEncoder
from tasks.data.sampling import Objects
from tasks.data.schemes import donors
from tasks.model import SceneModel, gather
from tests.helpers import error, seeds
from vsa import Algebra, ItemMemory, get_algebra
from vsa.errors import AlgebraError, DtypeError, RangeError, ShapeError, SymbolError

FEATURES, SLOTS, IMAGE = ("shape", "scale", "orientation", "x", "y"), ("first", "second"), (1, 64, 64)


def make(dim: int = 64, algebra: str | Algebra = "MAP") -> SceneModel:
    roles = ItemMemory(FEATURES, dim, algebra=algebra)
    slots = ItemMemory(SLOTS, dim, algebra=algebra, seed=1)
    return SceneModel(ConvEncoder(IMAGE, 5, dim), ConvDecoder(dim, IMAGE), roles, slots).eval()


@pytest.fixture(scope="module", params=["MAP", "HRR"])
def model(request: pytest.FixtureRequest) -> SceneModel:
    return make(algebra=request.param)


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_what_goes_in_and_comes_out(model: SceneModel) -> None:
    images = torch.randint(2, (4, *IMAGE), dtype=torch.uint8)
    features = model.features(images)
    assert features.shape == (4, 5, 64)
    torch.testing.assert_close(model.features(images.float()), features)
    objects = model.object(features)
    assert objects.shape == (4, 64)
    scenes = model.scene(objects.view(2, 2, 64))
    assert scenes.shape == (2, 64)
    pictures = model.decode(scenes)
    assert pictures.shape == (2, *IMAGE)
    assert 0 <= pictures.min() <= pictures.max() <= 1


@settings(max_examples=20)
@given(seed=seeds)
def test_an_edit_is_the_composition_of_the_edited_features(model: SceneModel, seed: int) -> None:
    features = normal(3, 2, 5, 64, seed=seed)
    scene = model.scene(model.object(features))
    new = normal(3, 64, seed=seed + 1)
    for slot in range(2):
        for f, name in enumerate(FEATURES):
            edited = features.clone()
            edited[:, slot, f] = new
            expected = model.scene(model.object(edited))
            by_algebra = model.edit(scene, slot, name, old=features[:, slot, f], new=new)
            torch.testing.assert_close(by_algebra, expected, rtol=1e-4, atol=1e-4)


def test_roles_and_slots_are_distinct_bipolar_and_saved_with_the_model() -> None:
    model = make()
    vectors = torch.cat([model.roles.vectors, model.slots.vectors])
    assert len(vectors.unique(dim=0)) == 7
    assert vectors.abs().unique().tolist() == [1]
    assert {"roles.vectors", "slots.vectors"} <= set(model.state_dict())
    assert not {"roles.vectors", "slots.vectors"} & {name for name, _ in model.named_parameters()}


def test_composing_changes_nothing_that_was_given(model: SceneModel) -> None:
    features = normal(2, 2, 5, 64, seed=0)
    before = features.clone()
    model.edit(model.scene(model.object(features)), 0, "x", features[:, 0, 3], features[:, 1, 3])
    assert torch.equal(features, before)


def test_a_scene_read_back_slot_by_slot_and_role_by_role() -> None:
    model = make(dim=4096)
    features = normal(2, 5, 4096, seed=0).sign()
    scene = model.scene(model.object(features[None]))[0]
    algebra = get_algebra("MAP")
    for n, slot in enumerate(SLOTS):
        for f, role in enumerate(FEATURES):
            read = algebra.unbind(algebra.unbind(scene, model.slots[slot]), model.roles[role])
            cosines = algebra.similarity(read, features.flatten(0, 1))
            assert cosines.argmax() == n * 5 + f


def test_forward_draws_the_targets_of_a_batch() -> None:
    model = make()
    batch = donors(32, Objects(), torch.Generator().manual_seed(0))
    logits, mean, logvar = model(batch)
    assert logits.shape == batch.targets.shape
    assert mean.shape == logvar.shape == (32, 5, 64)
    # With a posterior of no width it is the composition of the sources' means.
    with torch.no_grad():
        assert isinstance(model.encoder, ConvEncoder)
        model.encoder.posterior.bias[5 * 64 :] = -100
        model.encoder.posterior.weight[5 * 64 :] = 0
        logits, mean, _ = model(batch)
        scenes = model.scene(model.object(gather(mean, batch.sources)))
    torch.testing.assert_close(logits.sigmoid(), model.decode(scenes), rtol=1e-4, atol=1e-4)


def test_memories_that_do_not_fit() -> None:
    encoder, decoder = ConvEncoder(IMAGE, 5, 64), ConvDecoder(64, IMAGE)
    roles = ItemMemory(FEATURES, 64)
    with error(AlgebraError, "roles are of the algebra MAP, slots of HRR"):
        SceneModel(encoder, decoder, roles, ItemMemory(SLOTS, 64, algebra="HRR"))
    with error(AlgebraError, "roles of FHRR cannot bind them", "MAP or HRR"):
        SceneModel(encoder, decoder, *(ItemMemory(names, 64, algebra="FHRR") for names in (FEATURES, SLOTS)))
    with error(ShapeError, "roles have dimension 64, slots 32"):
        SceneModel(encoder, decoder, roles, ItemMemory(SLOTS, 32))


def test_encoders_that_return_something_else() -> None:
    class Three(nn.Module):
        def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
            return torch.zeros(len(images), 3, 64), torch.zeros(len(images), 3, 64)

    model = make()
    model.encoder = Three()
    with error(ShapeError, "encoder Three must return mean and log variance [2, 5, 64]", "got [2, 3, 64]"):
        model.features(torch.zeros(2, *IMAGE))


def test_edits_and_scenes_that_do_not_fit() -> None:
    model, x = make(), torch.zeros(1, 64)
    with error(RangeError, "slot must be from 0 to 1, got 2"):
        model.edit(x, 2, "x", x, x)
    with error(SymbolError, "no symbol 'z'"):
        model.edit(x, 0, "z", x, x)
    with error(ShapeError, "objects [*B, 1 to 2, D], got [1, 3, 64]"):
        model.scene(torch.zeros(1, 3, 64))


def test_sources_that_do_not_fit() -> None:
    features = torch.zeros(3, 5, 8)
    with error(DtypeError, "sources must be int64, got torch.int32"):
        gather(features, torch.zeros(1, 5, dtype=torch.int32))
    with error(ShapeError, "sources must be [..., 5]", "got [1, 4]"):
        gather(features, torch.zeros(1, 4, dtype=torch.int64))

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, nn

from decoders.conv import ConvDecoder
from encoders.conv import ConvEncoder
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population
from tasks.data.schemes import combine_donors, exchange_one
from tasks.likelihood import union
from tasks.symbolic.model import Decoding, SceneModel, gather
from tasks.symbolic.task import guessed_sources
from tests.helpers import error, seeds
from vsa import Algebra, ItemMemory, get_algebra
from vsa.errors import AlgebraError, DtypeError, RangeError, ShapeError, SymbolError, VSAError

FEATURES, SLOTS, IMAGE = ("shape", "scale", "orientation", "x", "y"), ("first", "second"), (1, 64, 64)


def make(dim: int = 64, algebra: str | Algebra = "MAP", decoding: Decoding = "slots") -> SceneModel:
    size = dim // 2 if algebra == "FHRR" else dim
    roles = ItemMemory(FEATURES, size, algebra=algebra)
    slots = ItemMemory(SLOTS, size, algebra=algebra, seed=1)
    return SceneModel(ConvEncoder(IMAGE, 5, dim), ConvDecoder(dim, IMAGE), roles, slots, decoding=decoding).eval()


@pytest.fixture(scope="module", params=["MAP", "HRR", "FHRR"])
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
    model.edit(model.scene(model.object(features)), 0, "x", old=features[:, 0, 3], new=features[:, 1, 3])
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
    batch = combine_donors(32, 2, Population(DSPRITES), torch.Generator().manual_seed(0))
    logits, mean, logvar = model(batch.pictures, batch.sources)
    assert logits.shape == batch.targets.shape
    assert mean.shape == logvar.shape == (16, 5, 64)
    # With a posterior of no width it is the composition of the sources' means.
    with torch.no_grad():
        assert isinstance(model.encoder, ConvEncoder)
        model.encoder.posterior.bias[5 * 64 :] = -100
        model.encoder.posterior.weight[5 * 64 :] = 0
        logits, mean, _ = model(batch.pictures, batch.sources)
        scenes = model.scene(model.object(gather(mean, batch.sources)))
    torch.testing.assert_close(logits.sigmoid(), model.decode(scenes), rtol=1e-4, atol=1e-4)


def test_an_object_is_added_and_subtracted_in_its_slot(model: SceneModel) -> None:
    objects = normal(3, 2, 64, seed=0)
    scene = model.scene(objects)
    torch.testing.assert_close(scene - model.in_slot(objects[:, 1], 1), model.scene(objects[:, :1]), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(model.scene(objects[:, :1]) + model.in_slot(objects[:, 1], 1), scene)


def test_slots_can_be_taken_in_any_order(model: SceneModel) -> None:
    objects = normal(3, 2, 64, seed=0)
    swapped = torch.tensor([[1, 0]]).expand(3, 2)
    torch.testing.assert_close(model.scene(objects, swapped), model.scene(objects.flip(1)))
    torch.testing.assert_close(model.scene(objects, 1 - swapped), model.scene(objects))


def test_absent_objects_add_nothing() -> None:
    features = normal(3, 5, 8, seed=0)
    sources = torch.tensor([[[0] * 5, [2] * 5], [[1] * 5, [-1] * 5]])
    found = gather(features, sources)
    assert torch.equal(found[0, 1], features[2])
    assert not found[1, 1].any()


@settings(max_examples=20)
@given(seed=seeds)
def test_pictures_laid_over_one_another_are_off_where_all_are_off(seed: int) -> None:
    logits = 10 * normal(2, 3, 1, 4, 4, seed=seed)
    torch.testing.assert_close(1 - union(logits).sigmoid(), (1 - logits.sigmoid()).prod(1), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(union(logits[:, :1]), logits[:, 0])
    extreme = torch.tensor([-500.0, -200.0, 80.0]).view(1, 3, 1, 1, 1).requires_grad_()
    union(extreme).sum().backward()
    assert extreme.grad is not None
    assert extreme.grad.isfinite().all()


def test_a_whole_scene_is_drawn_at_once_and_slots_one_by_one() -> None:
    whole, slots = make(decoding="whole"), make()
    slots.load_state_dict(whole.state_dict())
    scene = normal(2, 64, seed=0)
    torch.testing.assert_close(whole.decode(scene), whole.decoder(scene).sigmoid())
    first, second = (slots.decoder(scene * slots.slots.vectors[n]).sigmoid() for n in range(2))
    torch.testing.assert_close(slots.decode(scene), 1 - (1 - first) * (1 - second), rtol=1e-4, atol=1e-5)


def test_what_is_in_a_slot_is_read_without_a_network(model: SceneModel) -> None:
    model.codebooks = nn.ModuleList(
        ItemMemory(["a", "b", "c"], model.roles.dim, algebra=model.algebra, seed=10 + f) for f in range(5)
    )
    books = [model.as_real(book.vectors) for book in model.codebooks]  # pyright: ignore[reportArgumentType, reportAttributeAccessIssue]
    classes = torch.tensor([[0, 1, 2, 1, 0], [2, 2, 1, 0, 1]])
    features = torch.stack([torch.stack([books[f][k] for f, k in enumerate(row)]) for row in classes.tolist()])
    objects = model.object(features)
    scene = model.scene(objects)
    read = torch.stack([model.read(scene, slot) for slot in range(2)])
    assert (read == classes).float().mean() >= 0.8, "64 dimensions are few for ten terms"
    empty = make()
    with error(VSAError, "no codebooks to read with", "learn_codebooks"):
        empty.read(scene)


def test_a_guess_exchanges_the_feature_in_which_a_pair_differs_most() -> None:
    model = make()
    batch = exchange_one(8, 1, Population(DSPRITES), torch.Generator().manual_seed(0))
    mean = model.posterior(batch.pictures)[0]
    guess = torch.cosine_similarity(mean[:4], mean[4:], dim=-1).argmin(1)
    seen: list[Tensor] = []
    model.object = lambda features: seen.append(features) or SceneModel.object(model, features)  # pyright: ignore[reportAttributeAccessIssue]
    with torch.no_grad():
        model.encoder.posterior.bias[5 * 64 :] = -100  # pyright: ignore[reportIndexIssue, reportAttributeAccessIssue]
        model.encoder.posterior.weight[5 * 64 :] = 0  # pyright: ignore[reportIndexIssue, reportAttributeAccessIssue]
        model(batch.pictures, partial(guessed_sources, batch))
    for i in range(4):
        for f in range(5):
            giver = i if f == guess[i] else i + 4
            torch.testing.assert_close(seen[0][i, 0, f], mean[giver, f], rtol=1e-4, atol=1e-4)


def test_memories_that_do_not_fit() -> None:
    encoder, decoder = ConvEncoder(IMAGE, 5, 64), ConvDecoder(64, IMAGE)
    roles = ItemMemory(FEATURES, 64)
    with error(AlgebraError, "roles are of the algebra MAP, slots of HRR"):
        SceneModel(encoder, decoder, roles, ItemMemory(SLOTS, 64, algebra="HRR"))
    with error(AlgebraError, "BSC does not bundle by adding", "MAP or HRR"):
        SceneModel(encoder, decoder, *(ItemMemory(names, 64, algebra="BSC") for names in (FEATURES, SLOTS)))
    with error(RangeError, "decoding must be 'slots' or 'whole', got 'both'"):
        SceneModel(encoder, decoder, roles, ItemMemory(SLOTS, 64), decoding="both")  # pyright: ignore[reportArgumentType]
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
        model.edit(x, 2, "x", old=x, new=x)
    with error(SymbolError, "no symbol 'z'"):
        model.edit(x, 0, "z", old=x, new=x)
    with error(ShapeError, "objects [*B, 1 to 2, D], got [1, 3, 64]"):
        model.scene(torch.zeros(1, 3, 64))


def test_sources_that_do_not_fit() -> None:
    features = torch.zeros(3, 5, 8)
    with error(DtypeError, "sources must be int64, got torch.int32"):
        gather(features, torch.zeros(1, 5, dtype=torch.int32))
    with error(ShapeError, "sources must be [..., 5]", "got [1, 4]"):
        gather(features, torch.zeros(1, 4, dtype=torch.int64))

import pytest
import torch
from torch import Tensor, nn

from tasks.data.dsprites.factors import COUNTS, FEATURES, canonical
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population
from tasks.evaluation.reading import Tally, learn_codebooks, measure_reading, read_objects
from tasks.symbolic.model import SceneModel
from tests.tasks.evaluation.test_counterfactuals import Look
from tests.tasks.populations import identifiable
from vsa import ItemMemory, get_algebra

DIM = 1024


class Spell(nn.Module):
    """An encoder that knows what it sees, and gives each class a random vector of its own."""

    def __init__(self, population: Population) -> None:
        super().__init__()
        self.look = Look(population)
        self.words = torch.randn(5, max(COUNTS), DIM, generator=torch.Generator().manual_seed(0))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        classes = self.look(images)[0].diagonal(dim1=1, dim2=2).long()
        mean = self.words[torch.arange(5), canonical(classes)]
        return mean, torch.zeros_like(mean)


@pytest.fixture(scope="module")
def ideal() -> SceneModel:
    roles, slots = ItemMemory(FEATURES, DIM), ItemMemory(("first", "second"), DIM, seed=1)
    model = SceneModel(Spell(identifiable("test")), nn.Identity(), roles, slots).eval()
    learn_codebooks(model, identifiable("test"), torch.Generator().manual_seed(0), pictures=2000)
    return model


def test_a_prototype_is_the_mean_of_its_pictures(ideal: SceneModel) -> None:
    assert [len(book) for book in ideal.codebooks] == list(COUNTS)  # pyright: ignore[reportArgumentType]
    words = ideal.encoder.words
    assert isinstance(words, Tensor)
    for f, allowed in enumerate(identifiable().allowed):
        book = ideal.codebooks[f]
        assert isinstance(book, ItemMemory)
        torch.testing.assert_close(book.vectors[allowed], words[f, allowed], rtol=1e-4, atol=1e-4)
    orientations = ideal.codebooks[FEATURES.index("orientation")]
    assert isinstance(orientations, ItemMemory)
    assert torch.equal(orientations["39"], orientations["0"])
    shapes = ideal.codebooks[0]
    assert isinstance(shapes, ItemMemory)
    assert shapes.names == ("square", "ellipse", "heart")


def test_distinct_vectors_are_read_back_before_and_after_an_edit(ideal: SceneModel) -> None:
    read = measure_reading(ideal, 1, identifiable("test"), 50, torch.Generator().manual_seed(0))
    for key in ("read", "read_within_one", "read_edited", "read_edited_within_one", "read_untouched"):
        assert list(read[key]) == list(FEATURES[1:] if "within" in key else FEATURES)
        assert min(read[key].values()) > 0.98, key


def test_what_is_not_in_the_vector_is_read_by_chance(ideal: SceneModel) -> None:
    noise = torch.randn(3000, DIM, generator=torch.Generator().manual_seed(1))
    truth = identifiable("test").sample(3000, torch.Generator().manual_seed(2))
    share = read_objects(ideal, noise, truth[:, None], DSPRITES).within(0.5)
    assert share["shape"] == pytest.approx(1 / 3, abs=0.05)
    assert share["x"] < 0.1


def test_roles_are_taken_out_by_algebra_alone(ideal: SceneModel) -> None:
    algebra = get_algebra("MAP")
    classes = identifiable("test").sample(4, torch.Generator().manual_seed(3))
    words = ideal.encoder.words
    assert isinstance(words, Tensor)
    features = words[torch.arange(5), classes]
    scene = ideal.scene(ideal.object(features).unflatten(0, (2, 2)))
    for slot in range(2):
        assert torch.equal(ideal.read(scene, slot), classes.unflatten(0, (2, 2))[:, slot])
    taken = algebra.unbind(algebra.unbind(scene, ideal.slots.vectors[1]), ideal.roles["x"])
    torch.testing.assert_close(ideal.unbind(scene, 1, "x"), taken)


def test_absent_objects_are_not_counted(ideal: SceneModel) -> None:
    objects = identifiable("test").sample(2, torch.Generator().manual_seed(4))
    words = ideal.encoder.words
    assert isinstance(words, Tensor)
    first = ideal.scene(ideal.object(words[torch.arange(5), objects])[:, None])
    scenes = torch.stack([objects, torch.full_like(objects, -1)], 1)
    assert read_objects(ideal, first, scenes, DSPRITES).within(0.5) == dict.fromkeys(FEATURES, 1.0)


def test_a_tally_counts_shares() -> None:
    tally = Tally(DSPRITES)
    for f in range(5):
        tally.add(torch.tensor([0.0, 1.0])[:, None].expand(-1, 5), (f,))
    tally.add(torch.full((1, 5), float("inf")))
    assert tally.within(0.5)["x"] == pytest.approx(1 / 3)
    assert tally.within(1.5)["x"] == pytest.approx(2 / 3)

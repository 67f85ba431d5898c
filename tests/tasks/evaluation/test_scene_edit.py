import pytest
import torch

from tasks import load_model
from tasks.data.dsprites.factors import ORIENTATION, SHAPE, X, canonical, distinct
from tasks.data.dsprites.renderer import render
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population
from tasks.data.split import Split
from tasks.evaluation.scene_edit import SceneEdit, feature_of, in_words, sample_objects
from tests.helpers import error
from vsa.errors import RangeError, SymbolError

TEST = Population(DSPRITES, "test")


def sprites(pictured: int, population: Population = TEST, seed: int = 0) -> torch.Tensor:
    return sample_objects(pictured, population, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("pictured", "count"), [(1, 3), (2, 3), (3, 4)])
def test_sprites_are_test_combinations_that_do_not_overlap_and_differ(pictured: int, count: int) -> None:
    for seed in range(5):
        drawn = sprites(pictured, seed=seed)
        assert drawn.shape == (count, 5)
        assert TEST.accept(drawn).all()
        assert render(drawn[:pictured]).sum(0).max() == 1
        assert set(drawn[:, SHAPE].tolist()) == {0, 1, 2}
        if count == 3:  # of four two have a shape in common, and less else can be had
            assert torch.equal(canonical(drawn), drawn)
            assert all(len(distinct(drawn)[:, f].unique()) == 3 for f in range(5))
    assert torch.equal(sprites(pictured), sprites(pictured))


def test_a_split_with_little_in_it() -> None:
    hearts = Population(DSPRITES, "test", split=Split(test="shape == heart and orientation == 0"))
    assert sprites(2, hearts)[:, SHAPE].tolist() == [2, 2, 2]
    one = Population(DSPRITES, "test", split=Split(test="scale == 5 and x == 15 and y == 15"))
    with error(RangeError, "no 2 objects of the test part", "lie apart in one picture, of 1024 that were drawn"):
        sprites(2, one)


def test_what_is_edited_is_drawn_and_read() -> None:
    model = load_model("scene")
    for given, object, feature, donor in ((3, 2, SHAPE, 0), (3, 0, X, 3), (3, 1, ORIENTATION, 2)):
        edit = SceneEdit(DSPRITES, sprites(given), given, object, feature, donor)
        after = edit.edited()
        assert after[object, feature] == edit.objects[donor, feature]
        assert (after != edit.scene()).sum() <= 1
        vector = edit.vectors(model)[1]
        read = torch.stack([model.read(vector, slot) for slot in range(given)])
        assert edit.wrong(read) == [[], [], []]
        picture = model.decode(vector[None])[0].detach()
        right, overlap = edit.truth(picture)
        assert overlap > 0.9
        assert right.shape == (1, 64, 64)


def test_an_open_orientation_may_be_read_in_any_way_that_looks_the_same() -> None:
    given = torch.tensor([[2, 5, 20, 8, 8], [0, 5, 3, 24, 24], [1, 2, 0, 16, 16]])  # a heart, a square, an ellipse
    turned = SceneEdit(DSPRITES, given, 2, 0, ORIENTATION, 1)
    quarter = torch.tensor([[2, 5, 13, 8, 8], [0, 5, 3, 24, 24]])  # 9.75 classes on, and no square says which
    assert turned.wrong(quarter) == [[], []]
    assert SceneEdit(DSPRITES, given, 2, 0, SHAPE, 1).wrong(quarter) == [[SHAPE, ORIENTATION], []]
    assert turned.wrong(torch.tensor([[2, 5, 8, 7, 8], [0, 4, 13, 24, 24]])) == [[ORIENTATION, X], [1]]
    drawn = render(torch.tensor([[2, 5, 22, 8, 8], [0, 5, 3, 24, 24]])).amax(0)[None].float()
    right, overlap = turned.truth(drawn)
    assert overlap > 0.8, "the heart may be turned by half"
    assert right.max() == 1


def test_numbers_and_names_that_are_not_there() -> None:
    drawn = sprites(2)
    with error(RangeError, "object must be 1 to 2, one of those in the picture, got 3"):
        SceneEdit(DSPRITES, drawn, 2, 2, 0, 0)
    with error(RangeError, "object must be 1, the only one in the picture, got 0"):
        SceneEdit(DSPRITES, drawn, 1, -1, 0, 2)
    with error(RangeError, "from must be another object than 2: one of 1, 3; got 2"):
        SceneEdit(DSPRITES, drawn, 2, 1, 0, 1)
    with error(SymbolError, "there is no feature 'scal'; did you mean 'scale'? There are: shape, scale, orientation, x, y"):
        feature_of("scal", DSPRITES)
    assert in_words(drawn[0], DSPRITES).count(", ") == 4

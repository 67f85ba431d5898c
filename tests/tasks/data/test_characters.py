import torch

from tasks.data import Population
from tasks.data.cast.figures import Cast
from tasks.data.characters import MOTIONS, characters
from tasks.data.dataset import Dataset
from tasks.data.split import Split, named_split

CAST = Dataset(Cast())
FIRST_AND_LAST = ([1116, 1135, 17, 469, 1293, 491], [598, 1144, 623, 26, 56, 1262])
EVERY = torch.cartesian_prod(*map(torch.arange, CAST.counts))


def test_the_motions_are_in_the_order_of_the_published_labels() -> None:
    assert MOTIONS[:4] == ("walk_front", "walk_left", "walk_right", "spellcard_front")
    assert len(set(MOTIONS)) == 9
    assert CAST.dynamic == ("motion",)


def test_a_character_has_its_place_in_the_published_permutation_whatever_it_does() -> None:
    places = CAST.number("character", EVERY).view(1296, 9)
    assert (places == places[:, :1]).all()
    assert sorted(places[:, 0].tolist()) == list(range(1296))
    # numpy.random.seed(423); numpy.random.permutation(range(1296)) begins and ends so; digits are skin, pants, top and hair.
    first, last = FIRST_AND_LAST
    for numbers, start in ((first, 0), (last, 1296 - len(last))):
        for k, number in enumerate(numbers):
            digits = [number // 216, number // 36 % 6, number // 6 % 6, number % 6, 0]
            assert int(characters(torch.tensor(digits))) == start + k


def test_the_split_holds_out_296_characters_and_a_hundred_others_for_validation() -> None:
    split = named_split(CAST, "characters")
    parts = {part: Population(CAST, part, split).every().long() for part in ("train", "validation", "test")}
    assert {part: len(classes) for part, classes in parts.items()} == {"train": 8100, "validation": 900, "test": 2664}
    seen = {part: {tuple(row[:4]) for row in classes.tolist()} for part, classes in parts.items()}
    assert [len(seen[part]) for part in parts] == [900, 100, 296]
    assert not seen["train"] & seen["test"]
    assert not seen["validation"] & (seen["train"] | seen["test"])
    for classes in parts.values():
        assert classes[:, 4].bincount().unique().numel() == 1, "all motions of each"


def test_other_cuts_of_the_same_permutation_are_as_short() -> None:
    assert len(Population(CAST, "train", Split("", "character >= 1000")).every()) == 9000
    assert len(Population(CAST, "test", Split("", "character < 100 and motion == walk_left")).every()) == 100

import torch

from tasks.data.dsprites.factors import FEATURES
from tasks.data.dsprites.renderer import render
from tasks.data.dsprites.sprites import DSPRITES
from tasks.evaluation.colours import AMBER, BLUE, by_slot, coloured, difference, rgb

OBJECTS = torch.tensor([[0, 0, 0, 2, 2], [1, 1, 5, 25, 25]])


def test_an_object_in_colour_and_what_is_beside_it_in_grey() -> None:
    first, second = render(OBJECTS)
    picture = coloured(first[None, None], second[None, None])[0]
    assert (picture[:, first.bool()] == AMBER[:, None]).all()
    assert (picture[:, second.bool()] == 0.6).all()
    assert (picture[:, (first | second) == 0] == 0).all()


def test_the_objects_of_a_scene_have_the_colours_of_their_slots() -> None:
    absent = torch.full((1, len(FEATURES)), -1)
    scenes = torch.stack([OBJECTS, torch.cat([absent, OBJECTS[1:]])])
    both, one = by_slot(scenes, DSPRITES)
    first, second = render(OBJECTS)
    assert (both[:, first.bool()] == AMBER[:, None]).all()
    assert (both[:, second.bool()] == BLUE[:, None]).all()
    assert torch.equal(one, coloured(second[None, None], colour=BLUE)[0])


def test_a_difference_is_red_where_there_is_too_much_and_blue_where_there_is_too_little() -> None:
    drawn, right = torch.tensor([0.0, 1, 1, 0]).view(1, 1, 2, 2), torch.tensor([0.0, 1, 0, 1]).view(1, 1, 2, 2)
    nothing, both, extra, missing = difference(drawn, right)[0].flatten(1).T
    assert nothing.tolist() == [0, 0, 0]
    assert len(both.unique()) == 1
    assert extra[0] == 1 > extra[1:].max()
    assert missing[2] == 1 > missing[:2].max()


def test_grey_is_all_three_colours_and_colours_stay() -> None:
    picture = torch.rand(2, 1, 64, 64)
    assert torch.equal(rgb(picture), picture.expand(-1, 3, -1, -1))
    colours = torch.rand(2, 3, 64, 64)
    assert torch.equal(rgb(colours), colours)
    assert torch.equal(coloured(colours, colour=BLUE), colours), "what has colours of its own keeps them"
    torch.testing.assert_close(coloured(colours, colours), 1.6 * colours)
    two = torch.rand(2, 2, 64, 64)
    torch.testing.assert_close(rgb(two), two.mean(1, keepdim=True).expand(-1, 3, -1, -1))

"""Scenes of two to five objects that do not overlap."""

from __future__ import annotations

import torch
from torch import Tensor

from tasks.data.checks import NotInPartError, check_tensor
from tasks.data.dataset import Dataset
from tasks.data.overlap import apart
from tasks.data.population import Population, check_drawing
from vsa.errors import RangeError

FEWEST, MOST = 2, 5
"""How many objects a scene has."""

ABSENT = -1
"""Instead of the classes of an object that is not there."""

AT_ONCE = 64  # scenes that share a crowd
TRIES = 2**19  # at once, for memory's sake
HOPELESS = 20  # rounds of tries without any luck


def sample_scenes(counts: Tensor, population: Population, generator: torch.Generator) -> Tensor:
    """Scenes of objects that do not overlap one another.

    A scene is rejected as a whole until its objects do not overlap: all scenes of a number of objects are alike likely. Where
    there is little room, what fits is not like what single objects are. In dSprites, whose centres lie within half of the
    picture's width and height, the objects of scenes of five are smaller, and nearer to the border; one in two tries succeeds
    for two objects, one in 190 for five.

    Up to 64 scenes are chosen from a crowd about twice as large as they need, of which every pair is compared once. So scenes
    that are drawn together may share an object, and are not quite independent.

    Args:
        counts: int64 [n], 2 to 5 objects each.
        population: what may be drawn.
        generator: decides.

    Returns:
        int64 [n, max count, F]; the objects come first, and -1 fills the rest.

    Raises:
        ShapeError: counts is not int64 [n].
        RangeError: a count is below 2 or above 5.
        NotInPartError: there are no such objects, or so many of them do not fit beside one another.

    Example:
        >>> from tasks.data.circles import Circles
        >>> circles = Population(Dataset(Circles()))
        >>> scenes = sample_scenes(torch.tensor([2, 3]), circles, torch.Generator().manual_seed(0))
        >>> scenes.shape, (scenes[..., 0] != ABSENT).sum(1)
        (torch.Size([2, 3, 2]), tensor([2, 3]))
    """
    check_tensor("counts", counts, torch.int64, "n")
    check_drawing(population, generator)
    if not len(counts):
        return torch.empty(0, 0, len(population.dataset.factors), dtype=torch.int64)
    wrong = (counts < FEWEST) | (counts > MOST)
    if wrong.any():
        raise RangeError(f"a scene has {FEWEST} to {MOST} objects, got {int(counts[wrong][0])}")
    scenes = torch.cat([_sample(part, population, generator) for part in counts.split(AT_ONCE)])
    return scenes[:, : int(counts.max())]


def _sample(counts: Tensor, population: Population, generator: torch.Generator) -> Tensor:
    """Scenes of so many objects each, int64 [n, MOST, F]: those without luck again with another crowd, and with more tries."""
    scenes = torch.full((len(counts), MOST, len(population.dataset.factors)), ABSENT)
    missing = torch.arange(len(counts))
    tries, unlucky = 4**counts, 0
    while len(missing):
        crowd = population.sample(2 * int(counts[missing].sum()) + 64, generator)
        masks = population.dataset.mask(population.observe(crowd))
        chosen, found = _choose(counts[missing], tries[missing], apart(masks, masks), generator)
        scenes[missing[found]] = torch.cat([crowd, torch.full_like(crowd[:1], ABSENT)])[chosen[found]]
        missing = missing[~found]
        tries = (4 * tries).clamp(max=TRIES // max(len(missing), 1))
        unlucky = 0 if found.any() else unlucky + 1
        if unlucky == HOPELESS:
            most = int(counts[missing].max())
            raise NotInPartError(f"no room for {most} objects of {population.describe()} beside one another; ask for fewer")
    return scenes


def _choose(counts: Tensor, tries: Tensor, free: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """For each scene, members of a crowd that are all apart, by trying.

    Args:
        counts, tries: int64 [n], how many members, and how many times to try.
        free: bool [m, m], which members are apart.
        generator: decides.

    Returns:
        Which members, int64 [n, MOST], m for none, and whether a try succeeded, bool [n].
    """
    m = len(free)
    # Nobody, member m, is apart from everybody: so scenes of all sizes go together.
    free = torch.nn.functional.pad(free, (0, 1, 0, 1), value=True)
    scene = torch.arange(len(counts)).repeat_interleave(tries)
    chosen = torch.randint(m, (len(scene), 1), generator=generator)
    for k in range(1, MOST):
        # A try that has failed is not pursued; who succeeds is the same.
        member = torch.randint(m, (len(scene),), generator=generator).masked_fill_(counts[scene] <= k, m)
        good = free[member[:, None], chosen].all(1)
        scene, chosen = scene[good], torch.cat([chosen, member[:, None]], 1)[good]
    first = torch.searchsorted(scene, torch.arange(len(counts)))
    found = torch.zeros(len(counts), dtype=torch.bool)
    found[scene] = True
    result = torch.full((len(counts), MOST), m)
    result[found] = chosen[first[found]]
    return result, found


def observe_scenes(scenes: Tensor, dataset: Dataset) -> Tensor:
    """What scenes look like, [n, *shape]: the brightest of their objects in each pixel, which do not overlap.

    Args:
        scenes: int64 [n, m, F], ABSENT where there is no object.
        dataset: whose objects they are.
    """
    present = scenes[..., 0] != ABSENT
    seen = dataset.observe(scenes[present])
    pictures = seen.new_zeros(*present.shape, *dataset.shape)
    pictures[present] = seen
    return pictures.amax(1) if pictures.shape[1] else pictures.sum(1)

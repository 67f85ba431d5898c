"""What can be observed: data sets, and how batches are drawn from them.

factor.py       a factor of variation
observable.py   the protocol of a data set
dataset.py      its checked form; declared.py is what it declares, declaration.py checks that, answers.py what it answers
split.py        which combinations are for training, validation and test
population.py   which combinations may be drawn
pairs.py, exchanges.py, triplets.py, scenes.py     what is drawn of them
schemes.py      batches to learn from
published.py, npz.py, hdf5.py         files that others publish
circles.py, dsprites/, shapes3d/, mpi3d.py     the data sets of pictures
cast/, lpc/, dsprites/moving.py       the data sets of clips; characters.py is what the first two share, layers.py composes them
clip_factors.py which factors of clips are dynamic, and which coarser ones they say
frames.py       the frames of clips as pictures
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsa.plugins import register

if TYPE_CHECKING:
    from tasks.data.dataset import Dataset, Observable, open_dataset
    from tasks.data.factor import Factor
    from tasks.data.population import Population
    from tasks.data.split import Split

__all__ = ["Dataset", "Factor", "Observable", "Population", "Split", "open_dataset"]

register(
    "dataset",
    {
        "3dshapes": "tasks.data.shapes3d.rooms:Shapes3D",
        "cast": "tasks.data.cast.figures:Cast",
        "cast-frames": "tasks.data.cast.frames:CastFrames",
        "circles": "tasks.data.circles:Circles",
        "dsprites": "tasks.data.dsprites.sprites:DSprites",
        "dsprites-dynamic": "tasks.data.dsprites.moving:DSpritesDynamic",
        "dsprites-static": "tasks.data.dsprites.moving:DSpritesStatic",
        "lpc": "tasks.data.lpc.characters:LPC",
        "lpc-frames": "tasks.data.lpc.frames:LPCFrames",
        "mpi3d": "tasks.data.mpi3d:MPI3D",
        "simple": "tasks.data.circles:Simple",
    },
)


def __getattr__(name: str) -> object:
    # On demand, because it imports torch, and `vsa list`, which asks for the names above, must not wait for that.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tasks.data import dataset, factor, population, split

    places = (dataset, factor, population, split)
    return next(getattr(place, name) for place in places if hasattr(place, name))

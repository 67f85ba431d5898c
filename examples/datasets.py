"""Draw what the three stages learn from, objects, pairs, scenes and paired scenes; or clips, and pairs of them.

    python examples/datasets.py --out runs/datasets --seed 0
    python examples/datasets.py --dataset cast

No file is downloaded: pictures are rendered while they are needed, those of dSprites pixel for pixel as in the published file.
The same samplers feed the training of paired.py, scene.py and paired_scene.py.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.command_line import main


@dataclass(frozen=True)
class DatasetsConfig:
    """Draw samples of a data set as PNG files: four of a data set of pictures, two of one of clips."""

    out: Path = Path("runs/datasets")
    """The folder for objects.png, paired.png, scene.png and paired_scene.png; of clips for clips.png and paired_clips.png."""
    seed: int = 0
    """The same seed gives the same pictures."""
    dataset: str = "dsprites"
    """What is observed: a name that `vsa list datasets` shows, the name of a plugin, or package.module:Class."""
    data: Path | None = None
    """The data set's files, where it is read from files."""
    exchange: Literal["one", "subset"] = "one"
    """What a pair differs in: one feature, or a random set of them."""
    part: Literal["train", "validation", "test"] = "train"
    """Which part of the split to draw from."""


def datasets(config: DatasetsConfig) -> None:
    import torch

    from tasks.data import Population, open_dataset
    from tasks.evaluation import dataset_figures as figures
    from tasks.training.run_folder import run_folder
    from vsa.errors import RangeError
    from vsa.files import replacing

    if not 0 <= config.seed < 2**63:
        raise RangeError(f"seed must be from 0 to 2^63 - 1, got {config.seed}")
    dataset = open_dataset(config.dataset, config.data)
    population, generator = Population(dataset, config.part), torch.Generator().manual_seed(config.seed)
    pictures: dict[str, Callable[[Path], None]] = {
        "objects": lambda path: figures.draw_objects(population, path, generator),
        "paired": lambda path: figures.draw_paired(population, config.exchange, path, generator),
        "scene": lambda path: figures.draw_scene(population, path, generator),
        "paired_scene": lambda path: figures.draw_paired_scene(population, config.exchange, path, generator),
    }
    clips: dict[str, Callable[[Path], None]] = {
        "clips": lambda path: figures.draw_clips(population, path, generator),
        "paired_clips": lambda path: figures.draw_paired_clips(population, config.exchange, path, generator),
    }
    wanted = pictures if dataset.frames is None else clips
    with run_folder(config.out) as folder:
        for name, draw in wanted.items():
            with replacing(folder / f"{name}.png") as path:
                draw(path)
    for name in wanted:
        print(f"picture: {folder / name}.png")


if __name__ == "__main__":
    main(DatasetsConfig, datasets)

"""Draw what the three stages learn from: objects, pairs, scenes and paired scenes.

    python examples/datasets.py --out runs/datasets --seed 0

No file is downloaded: pictures are rendered while they are needed, those of dSprites pixel for pixel as in the published file.
The same samplers feed the training of paired.py, scene.py and paired_scene.py.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.command_line import main


@dataclass(frozen=True)
class DatasetsConfig:
    """Draw samples of a data set as four PNG files."""

    out: Path = Path("runs/datasets")
    """The folder for objects.png, paired.png, scene.png and paired_scene.png."""
    seed: int = 0
    """The same seed gives the same pictures."""
    dataset: str = "dsprites"
    """What is observed: dsprites, circles, simple, 3dshapes, mpi3d, the name of a plugin, or package.module:Class."""
    exchange: Literal["one", "subset"] = "one"
    """What a pair differs in: one feature, or a random set of them."""
    part: Literal["train", "validation", "test"] = "train"
    """Which part of the split to draw from."""


def datasets(config: DatasetsConfig) -> None:
    import torch

    from tasks.data import Population, open_dataset
    from tasks.evaluation.dataset_figures import draw_objects, draw_paired, draw_paired_scene, draw_scene
    from tasks.training.run_folder import run_folder
    from vsa.errors import RangeError
    from vsa.files import replacing

    if not 0 <= config.seed < 2**63:
        raise RangeError(f"seed must be from 0 to 2^63 - 1, got {config.seed}")
    dataset = open_dataset(config.dataset)
    population, generator = Population(dataset, config.part), torch.Generator().manual_seed(config.seed)
    with run_folder(config.out) as folder:
        with replacing(folder / "objects.png") as path:
            draw_objects(population, path, generator)
        with replacing(folder / "paired.png") as path:
            draw_paired(population, config.exchange, path, generator)
        with replacing(folder / "scene.png") as path:
            draw_scene(population, path, generator)
        with replacing(folder / "paired_scene.png") as path:
            draw_paired_scene(population, config.exchange, path, generator)
    for name in ("objects", "paired", "scene", "paired_scene"):
        print(f"picture: {folder / name}.png")


if __name__ == "__main__":
    main(DatasetsConfig, datasets)

"""The grid of beta-VAEs that never see the right of the picture, the ID-GANs on four of them, and docs/beta-vae-id-gan.md.

    python examples/beta_vae_id_gan.py --minutes 1 --long 6

54 beta-VAEs are trained for so many minutes each, of one CPU thread; four settings for longer, and an ID-GAN on each of these for
as long. Two run at a time, and the same command goes on where it was stopped.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tasks.command_line import main
from vsa.errors import RangeError


@dataclass(frozen=True)
class GridConfig:
    """Train and measure the grid and the ID-GANs, and write the page."""

    minutes: float = 1.0
    """Train each VAE of the grid for so many minutes, of one CPU thread."""
    long: float = 6.0
    """Train each of the four VAEs that an ID-GAN draws, and each ID-GAN, for so many minutes."""
    batch_size: int = 8
    """Pictures in a step. In so short a budget many small steps learn more than few steps of 64 or 256 pictures."""
    seed: int = 0
    """Of all that is random."""
    jobs: int = 2
    """Runs at a time, each in a process of its own; more than there are idle cores slow each other down."""
    out: Path = Path("runs/beta-vae-id-gan")
    """The folder for the models and for the results, a small JSON file each."""
    page: Path = ROOT / "docs" / "beta-vae-id-gan.md"
    """The page whose tables are replaced; the figures go into a folder of its name beside it."""
    on: Literal["here", "slurm", "local"] = "here"
    """Where the trainings run: on this machine, on a Slurm cluster, or on this machine as on a cluster, to try that out."""

    def command(self) -> str:
        """The command that makes the whole page."""
        return (
            f"python examples/beta_vae_id_gan.py --minutes {self.minutes:g} --long {self.long:g} "
            f"--batch-size {self.batch_size} --seed {self.seed} --jobs {self.jobs}"
        )


PARTS = ("grid", "id-gan", "how")


def beta_vae_id_gan(config: GridConfig) -> None:
    from tasks.studies.page import check_page
    from tasks.studies.position_grid import trainings
    from tasks.studies.running import run_jobs

    if not (config.minutes > 0 and config.long > 0):
        raise RangeError(f"minutes and long must be above 0, got {config.minutes} and {config.long}")
    grid, gans = trainings(config.minutes, config.long, config.batch_size, config.seed, config.out)
    for training in grid + gans:
        training.config().check()
    check_page(config.page, PARTS)  # a page without a place for the tables is refused before the work
    run_jobs(gans + grid, config.jobs, config.out, lambda: write(config), config.on)


def write(config: GridConfig) -> None:
    """Write the page and its figures, of what is there."""
    from tasks.studies.jobs import made_with, results, without_result
    from tasks.studies.page import write_page
    from tasks.studies.position_figures import draw_all_codes, draw_grid, figure_name
    from tasks.studies.position_grid import table, trainings
    from vsa.files import replacing

    grid, gans = trainings(config.minutes, config.long, config.batch_size, config.seed, config.out)
    pairs = [training for gan in gans if gan.vae is not None for training in (gan.vae, gan)]
    found = results(grid + pairs)
    how = [
        f"Each VAE of the grid was trained for {config.minutes:g} min of one CPU thread; the four VAEs that an ID-GAN draws, "
        f"and the ID-GANs, for {config.long:g} min each, with {config.batch_size} pictures a step. "
        f"{made_with([stored for _, stored in found], config.command())}",
        *without_result((str(training), stored) for training, stored in found),
    ]
    write_page(config.page, {"grid": table(grid), "id-gan": table(pairs), "how": "\n".join(how)})
    figures = config.page.with_suffix("")
    figures.mkdir(parents=True, exist_ok=True)
    with replacing(figures / "grid.png") as part:
        draw_grid(grid, part)
    for training in pairs:
        if training.model.exists():
            with replacing(figures / figure_name("vae" if training.vae is None else "id-gan", training.setting)) as part:
                draw_all_codes(training, part)
    print(f"page: {config.page}")


if __name__ == "__main__":
    main(GridConfig, beta_vae_id_gan)

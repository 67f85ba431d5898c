"""Train a beta-VAE, or another of its family, and see what each of its latents does.

    python examples/disentangled_vae.py --minutes 10
    python examples/disentangled_vae.py --preset factor-vae --out runs/factor_vae

It writes what every run writes, and traversals.png: a picture whose latents go from -3 to 3 one after the other; an animation of
each latent that tells something; and pictures drawn again. With --page its numbers and figures become a page.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.command_line import main
from tasks.vae.config import VAEConfig


@dataclass(frozen=True)
class PageConfig(VAEConfig):
    """Learn a code of a few numbers for pictures, and see what each of them does."""

    page: Path | None = None
    """A page whose tables are replaced; the figures go into a folder of its name beside it."""

    def settings(self) -> VAEConfig:
        """The settings of the run."""
        return VAEConfig(**{field.name: getattr(self, field.name) for field in fields(VAEConfig)})


def disentangled_vae(config: PageConfig) -> None:
    from tasks.report import show
    from tasks.studies.page import check_page
    from tasks.studies.vae_page import PARTS, write_vae_page
    from tasks.vae.task import run

    if config.page is not None:
        check_page(config.page, PARTS)
    result = run(config.settings())
    show(result)
    if config.page is not None and result.first:
        write_vae_page(result, config.page)


if __name__ == "__main__":
    main(PageConfig, disentangled_vae)

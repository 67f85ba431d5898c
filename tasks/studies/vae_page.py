"""The page of one VAE: what each latent tells, what was measured, and its figures."""

from __future__ import annotations

from pathlib import Path
from shutil import copyfile

from tasks.evaluation.disentanglement.exchange import HEADINGS as EXCHANGE_HEADINGS
from tasks.evaluation.disentanglement.measure import headings
from tasks.evaluation.latents import ACTIVE
from tasks.metrics_tables import Table, flat
from tasks.studies.page import write_page
from tasks.task import Result
from tasks.vae.model import VAE
from vsa.files import replacing

PARTS = ("animations", "latents", "numbers")
"""The made parts of the page."""

WORDS = {
    "reconstruction_nats": "reconstruction, nats a picture",
    "kl": "KL, nats",
    "reconstruction_iou": "reconstruction IoU",
    "grey_over_white": "pixels between 0.1 and 0.9, over those that should be on",
    "active": f"active latents (average posterior variance below {ACTIVE})",
}
"""The numbers that stand first, and what they are called."""


def write_vae_page(result: Result[VAE], page: Path) -> None:
    """Put the numbers of a run into a page, and its figures beside it.

    Raises:
        InputError, OutputError: the page has no place for them, or cannot be written.
    """
    metrics = result.metrics
    latents = sorted(metrics["variance_of"], key=lambda name: metrics["variance_of"][name])
    rows = [(name, f"{metrics['variance_of'][name]:.3f}", f"{metrics['kl_of'][name]:.2f}") for name in latents]
    first = [(words, f"{metrics[name]:.3f}") for name, words in WORDS.items()]
    known = headings() | EXCHANGE_HEADINGS
    measured = flat(metrics.get("disentanglement", {}))
    scores = [(known.get(name, name.replace("_", " ")), f"{value:.3f}") for name, value in measured]
    config = metrics["config"]
    how = (
        f"{metrics['steps']:,} steps of {config['batch_size']} pictures in {metrics['seconds'] / 60:.1f} minutes on "
        f"{metrics['device']} in {metrics['precision']}, {metrics['images_per_second']:.0f} images/s; objective "
        f"{config['objective']}, beta {config['beta']:g}, learning rate {config['learning_rate']:g}, seed {config['seed']}."
    )
    numbers = Table("", ("measured on test combinations", "value"), (*first, *scores)).markdown()
    folder = page.with_suffix("")
    moving = sorted(result.folder.glob("z*.gif"))
    parts = {
        "animations": " ".join(f"![{gif.stem}]({folder.name}/{gif.name})" for gif in moving) or "none",
        "latents": Table("", ("latent", "average posterior variance", "KL, nats"), tuple(rows)).markdown(),
        "numbers": f"{numbers}\n\n{how}",
    }
    write_page(page, parts)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("z*.gif"):
        old.unlink()
    for figure in (*result.folder.glob("*.png"), *moving):
        with replacing(folder / figure.name) as part:
            copyfile(figure, part)

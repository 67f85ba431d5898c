"""What a code of a few numbers holds: how much each latent tells, and how disentangled they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from tasks.data.checks import NotInPartError
from tasks.data.dataset import Dataset
from tasks.data.exchanges import check_exchange
from tasks.data.population import Population
from tasks.evaluation.counterfactuals import sample_edits
from tasks.evaluation.disentanglement.exchange import changes, exchange_metrics
from tasks.evaluation.disentanglement.measure import measure_disentanglement
from tasks.evaluation.disentanglement.representation import represent
from tasks.evaluation.drawing import CHUNK
from tasks.id_gan.model import IDGAN
from tasks.vae.losses import kl_of_latents
from tasks.vae.model import VAE
from vsa.errors import RangeError

if TYPE_CHECKING:
    from jaxtyping import Float, Int64

Coder = VAE | IDGAN
"""Models whose codes are numbers."""

ACTIVE = 0.5
"""A latent is active when its average posterior variance is below this: the prior's is 1."""

EXCHANGED = 200
"""Objects of which each unit is exchanged."""


@torch.inference_mode()
def posteriors(
    model: Coder, classes: Int64[Tensor, "n f"], dataset: Dataset
) -> tuple[Float[Tensor, "n latents"], Float[Tensor, "n latents"]]:
    """Mean and log variance of the pictures of such objects, on the CPU."""
    parts = [model.posterior(dataset.observe(part).to(model.device)) for part in classes.split(CHUNK)]
    mean, logvar = (torch.cat(part).cpu() for part in zip(*parts, strict=True))
    return mean, logvar


@torch.inference_mode()
def codes_of(model: Coder, classes: Int64[Tensor, "n f"], dataset: Dataset) -> Float[Tensor, "n code"]:
    """The codes of the pictures of such objects, on the CPU: the means, and what else the model's codes have."""
    return torch.cat([model.codes(dataset.observe(part).to(model.device)).cpu() for part in classes.split(CHUNK)])


@torch.inference_mode()
def draw_codes(model: Coder, codes: Float[Tensor, "n latents"]) -> Float[Tensor, "n c h w"]:
    """The pictures of codes, on the CPU."""
    return torch.cat([model.decode(part.to(model.device)).cpu() for part in codes.split(CHUNK)])


def measure_latents(model: Coder, population: Population, n: int, generator: torch.Generator) -> dict[str, Any]:
    """How much each latent tells of n pictures.

    Returns:
        kl: KL of the posterior from the prior in nats, the mean over the pictures; by latent, named z0, z1, ...: kl_of, and
        variance_of, the average posterior variance. active: how many latents have one below 0.5.
    """
    mean, logvar = posteriors(model, population.sample(n, generator), population.dataset)
    parts, variances = kl_of_latents(mean, logvar), logvar.exp().mean(0)
    names = [f"z{k}" for k in range(model.latents)]
    return {
        "kl": parts.sum().item(),
        "active": int((variances < ACTIVE).sum()),
        "kl_of": dict(zip(names, parts.tolist(), strict=True)),
        "variance_of": dict(zip(names, variances.tolist(), strict=True)),
    }


def measure_exchange(
    encode: Callable[[Tensor], Tensor], draw: Callable[[Tensor], Tensor], population: Population, generator: torch.Generator
) -> dict[str, float]:
    """DMM and DCM: what changes in the picture when one unit is exchanged; the data set judges, see `Dataset.nearest`.

    Args:
        encode: classes int64 [n, F] to units float [n, U, D].
        draw: units float [n, U, D] to pictures [n, C, H, W].
        population: what is encoded.
        generator: decides which.

    Returns:
        dmm, dmm_published, dcm and dcm_published, see `exchange_metrics`. A factor has changed when what is most like the
        picture is of another class, as far as classes can be told apart.
    """
    dataset, count = population.dataset, len(population.dataset.factors)
    edits = sample_edits(EXCHANGED, tuple(range(count)), 0, population, generator)
    units = encode(edits.first)
    every = [encode(edits.donors[:, f]) for f in range(count)]
    donors = torch.stack([every[u % count][:, u] for u in range(units.shape[1])], 1)
    return exchange_metrics(changes(units, donors, lambda given: dataset.nearest(draw(given)), dataset, steps=0.5)).scores()


def measure_codes(model: Coder, population: Population, samples: int, generator: torch.Generator) -> dict[str, Any]:
    """All metrics of disentanglement of a VAE's codes, by name, under `disentanglement`.

    A factor of which these objects have one class is left out of the scalar metrics. What these objects do not allow for stands
    in `left_out`, with the reason: the scalar metrics where there are too few of a class, DMM and DCM where no two objects differ
    in everything, or where nobody can say what a picture shows.
    """
    found: dict[str, float] = {}
    left_out: dict[str, str] = {}
    try:
        found |= measure_disentanglement(
            lambda classes: codes_of(model, classes, population.dataset), population.narrowed(), generator, samples
        )
    except RangeError as error:
        left_out["disentanglement"] = str(error)
    try:
        check_judged(population)
        found |= measure_exchange(
            lambda classes: codes_of(model, classes, population.dataset)[..., None],
            lambda units: draw_codes(model, units[..., 0]),
            population,
            generator,
        )
    except NotInPartError as error:
        left_out["dmm, dcm"] = str(error)
    return {"disentanglement": found, **({"left_out": left_out} if left_out else {})}


def check_codes(population: Population, samples: int, generator: torch.Generator) -> dict[str, str]:
    """What `measure_codes` is going to leave out, and why, without a model."""
    left_out: dict[str, str] = {}
    try:
        represent(lambda classes: classes.float(), population.narrowed(), generator, samples)
    except RangeError as error:
        left_out["disentanglement"] = str(error)
    try:
        check_judged(population)
    except NotInPartError as error:
        left_out["dmm, dcm"] = str(error)
    return left_out


def check_judged(population: Population) -> None:
    """Refuse to judge exchanges of all units where that cannot be done.

    Raises:
        NotInPartError: no two objects differ in everything, or the data set cannot say what a picture shows.
    """
    check_exchange(tuple(range(len(population.dataset.factors))), population)
    if not population.dataset.searchable:
        raise NotInPartError(
            f"the data set {population.dataset.name} has no judge: it is too large to search, and has no `nearest`"
        )

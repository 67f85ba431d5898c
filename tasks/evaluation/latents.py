"""What a code of a few numbers holds: how much each latent tells, and how disentangled they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from tasks.data.checks import NotInPartError
from tasks.data.dsprites import render
from tasks.data.exchanges import check_exchange
from tasks.data.factors import FACTORS
from tasks.data.sampling import Objects
from tasks.evaluation.counterfactuals import sample_edits
from tasks.evaluation.disentanglement.exchange import changes, exchange_metrics
from tasks.evaluation.disentanglement.fixed import draw_tables
from tasks.evaluation.disentanglement.measure import measure_disentanglement
from tasks.evaluation.drawing import CHUNK
from tasks.evaluation.nearest_sprite import nearest_sprite
from tasks.id_gan_model import IDGAN
from tasks.vae_losses import kl_of_latents
from tasks.vae_model import VAE
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
def posteriors(model: Coder, classes: Int64[Tensor, "n 5"]) -> tuple[Float[Tensor, "n latents"], Float[Tensor, "n latents"]]:
    """Mean and log variance of the pictures of such objects, on the CPU."""
    parts = [model.posterior(render(part)[:, None].to(model.device)) for part in classes.split(CHUNK)]
    mean, logvar = (torch.cat(part).cpu() for part in zip(*parts, strict=True))
    return mean, logvar


@torch.inference_mode()
def draw_codes(model: Coder, codes: Float[Tensor, "n latents"]) -> Float[Tensor, "n 64 64"]:
    """The pictures of codes: probabilities on the CPU."""
    return torch.cat([model.decode(part.to(model.device))[:, 0].cpu() for part in codes.split(CHUNK)])


def measure_latents(model: Coder, objects: Objects, n: int, generator: torch.Generator) -> dict[str, Any]:
    """How much each latent tells of n pictures.

    Returns:
        kl: KL of the posterior from the prior in nats, the mean over the pictures; by latent, named z0, z1, ...: kl_of, and
        variance_of, the average posterior variance. active: how many latents have one below 0.5.
    """
    mean, logvar = posteriors(model, objects.sample(n, generator))
    parts, variances = kl_of_latents(mean, logvar), logvar.exp().mean(0)
    names = [f"z{k}" for k in range(model.latents)]
    return {
        "kl": parts.sum().item(),
        "active": int((variances < ACTIVE).sum()),
        "kl_of": dict(zip(names, parts.tolist(), strict=True)),
        "variance_of": dict(zip(names, variances.tolist(), strict=True)),
    }


def measure_exchange(
    encode: Callable[[Tensor], Tensor], draw: Callable[[Tensor], Tensor], objects: Objects, generator: torch.Generator
) -> dict[str, float]:
    """DMM and DCM: what changes in the picture when one unit is exchanged; the exact renderer judges.

    Args:
        encode: classes int64 [n, 5] to units float [n, U, D].
        draw: units float [n, U, D] to pictures [n, 64, 64], probabilities.
        objects: what is encoded.
        generator: decides which.

    Returns:
        dmm, dmm_published, dcm and dcm_published, see `exchange_metrics`. A factor has changed when the sprite that is most like
        the picture is of another class, as far as classes can be told apart.
    """
    edits = sample_edits(EXCHANGED, tuple(range(len(FACTORS))), 0, objects, generator)
    units = encode(edits.first)
    every = [encode(edits.donors[:, f]) for f in range(len(FACTORS))]
    donors = torch.stack([every[u % len(FACTORS)][:, u] for u in range(units.shape[1])], 1)
    found = exchange_metrics(changes(units, donors, lambda given: nearest_sprite(draw(given) > 0.5), steps=0.5))
    return {name: getattr(found, name) for name in ("dmm", "dmm_published", "dcm", "dcm_published")}


def measure_codes(model: Coder, objects: Objects, samples: int, generator: torch.Generator) -> dict[str, Any]:
    """All metrics of disentanglement of a VAE's codes, by name, under `disentanglement`.

    A factor of which these objects have one class is left out of the scalar metrics. What these objects do not allow for stands
    in `left_out`, with the reason: the scalar metrics where there are too few of a class, DMM and DCM where no two objects differ
    in everything.
    """
    found: dict[str, float] = {}
    left_out: dict[str, str] = {}
    try:
        found |= measure_disentanglement(lambda classes: posteriors(model, classes)[0], objects.narrowed(), generator, samples)
    except RangeError as error:
        left_out["disentanglement"] = str(error)
    try:
        found |= measure_exchange(
            lambda classes: posteriors(model, classes)[0][..., None],
            lambda units: draw_codes(model, units[..., 0]),
            objects,
            generator,
        )
    except NotInPartError as error:
        left_out["dmm, dcm"] = str(error)
    return {"disentanglement": found, **({"left_out": left_out} if left_out else {})}


def check_codes(objects: Objects, samples: int, generator: torch.Generator) -> dict[str, str]:
    """What `measure_codes` is going to leave out, and why, without a model."""
    left_out: dict[str, str] = {}
    try:
        draw_tables(lambda classes: classes.float(), objects.narrowed(), generator, samples)
    except RangeError as error:
        left_out["disentanglement"] = str(error)
    try:
        check_exchange(tuple(range(len(FACTORS))), objects)
    except NotInPartError as error:
        left_out["dmm, dcm"] = str(error)
    return left_out

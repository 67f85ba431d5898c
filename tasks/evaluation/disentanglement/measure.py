"""All scalar metrics of disentanglement at once, of one set of samples."""

from __future__ import annotations

import torch

from tasks.data.sampling import Objects
from tasks.evaluation.disentanglement.dci import dci
from tasks.evaluation.disentanglement.fixed import GROUPS, SAMPLES, Encode, beta_vae_of, draw_tables, factor_vae_of
from tasks.evaluation.disentanglement.gaps import mig, modularity
from tasks.evaluation.disentanglement.infomec import infomec_of
from tasks.evaluation.disentanglement.probes import probabilities, ranking
from tasks.evaluation.disentanglement.sap import sap
from tasks.evaluation.disentanglement.tables import BINS


def measure_disentanglement(
    encode: Encode,
    objects: Objects,
    generator: torch.Generator,
    n: int = SAMPLES,
    *,
    groups: int = GROUPS,
    bins: int | None = BINS,
    shown: bool = False,
) -> dict[str, float]:
    """Every scalar metric of disentanglement of a representation whose codes are numbers.

    Args:
        encode: classes int64 [n, 5] to codes float [n, L]; called twice, with n objects each.
        objects: which may be drawn. A factor with one allowed class is left out.
        generator: decides.
        n: samples to learn from, and as many to test on. MIG, modularity, InfoM and InfoC take the first alone.
        groups: for the beta-VAE and FactorVAE scores, groups to learn from, and as many to test on, of 64 each.
        bins: how many of equal width a code is cut into; None where codes are discrete.
        shown: count orientations that a shape cannot show as one, see `tasks.data.factors.canonical`. The orientation then
            depends on the shape, so that even the true factors share some information.

    Returns:
        beta_vae, factor_vae, mig, sap, dci_disentanglement, dci_completeness, dci_informativeness, modularity, explicitness,
        infom, infoc and infoe, see docs/metrics.md.

    Raises:
        DtypeError, ShapeError, RangeError: an argument is not as above; the codes are not float [n, L], or hold NaN; or there are
            too few samples for every class to be learnt and tested.

    Example:
        >>> few = Objects(allowed=tuple(torch.arange(3) for _ in range(5)))
        >>> generator = torch.Generator().manual_seed(0)
        >>> found = measure_disentanglement(lambda classes: classes.float(), few, generator, 200, groups=50)
        >>> found["factor_vae"], found["dci_informativeness"], found["mig"] > 0.8
        (1.0, 1.0, True)
    """
    tables = draw_tables(encode, objects, generator, n, shown)
    train, learnt = tables[:2]
    likely = probabilities(tables)
    trees, shares = dci(*tables), infomec_of(tables, likely, bins)
    return {
        "beta_vae": beta_vae_of(tables, generator, groups),
        "factor_vae": factor_vae_of(tables, generator, groups),
        "mig": mig(train, learnt, bins=bins),
        "sap": sap(*tables),
        "dci_disentanglement": trees.disentanglement,
        "dci_completeness": trees.completeness,
        "dci_informativeness": trees.informativeness,
        "modularity": modularity(train, learnt, bins=bins),
        "explicitness": ranking(tables, likely),
        "infom": shares.modularity,
        "infoc": shares.compactness,
        "infoe": shares.explicitness,
    }

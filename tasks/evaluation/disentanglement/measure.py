"""Every metric of disentanglement of a representation, and all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from tasks.data.population import Population
from tasks.evaluation.disentanglement.dci import dci, dci_lasso
from tasks.evaluation.disentanglement.explicitness import explicitness
from tasks.evaluation.disentanglement.infomec import infomec
from tasks.evaluation.disentanglement.information import mig, modularity
from tasks.evaluation.disentanglement.representation import BINS, SAMPLES, Encode, Representation, represent
from tasks.evaluation.disentanglement.sap import sap
from tasks.evaluation.disentanglement.shared_factor import beta_vae_score, factor_vae_score

Metric = Callable[[Representation, torch.Generator], dict[str, float] | float]
"""A metric of disentanglement: one number, or several by name. The generator makes its random choices."""


@dataclass(frozen=True)
class Headed:
    """A metric whose numbers have headings in tables; a metric without them stands under its name.

    Attributes:
        headings: by the name of each number.
        metric: what is measured.
    """

    headings: Mapping[str, str]
    metric: Metric

    def __call__(self, representation: Representation, generator: torch.Generator) -> dict[str, float] | float:
        return self.metric(representation, generator)


DCI_HEADINGS = {"dci_disentanglement": "DCI D", "dci_completeness": "DCI C", "dci_informativeness": "DCI I"}
INFOMEC_HEADINGS = {"infom": "InfoM", "infoc": "InfoC", "infoe": "InfoE"}

METRICS: dict[str, Metric] = {
    "beta_vae": Headed({"beta_vae": "beta-VAE score"}, beta_vae_score),
    "factor_vae": Headed({"factor_vae": "FactorVAE score"}, factor_vae_score),
    "mig": Headed({"mig": "MIG"}, lambda representation, _: mig(representation)),
    "sap": Headed({"sap": "SAP"}, lambda representation, _: sap(representation)),
    "dci": Headed(DCI_HEADINGS, lambda representation, _: dci(representation).scores()),
    "dci_lasso": Headed({"dci_lasso": "DCI D, lasso"}, lambda representation, _: dci_lasso(representation)),
    "modularity": lambda representation, _: modularity(representation),
    "explicitness": lambda representation, _: explicitness(representation),
    "infomec": Headed(INFOMEC_HEADINGS, lambda representation, _: infomec(representation).scores()),
}
"""Every metric by name: whoever adds one here has it measured, stored, and shown on all pages."""


def measure_disentanglement(
    encode: Encode,
    population: Population,
    generator: torch.Generator,
    n: int = SAMPLES,
    *,
    bins: int | None = BINS,
    shown: bool = False,
    metrics: Mapping[str, Metric] = METRICS,
) -> dict[str, float]:
    """Every metric of disentanglement of a representation whose codes are numbers.

    Args:
        encode: classes int64 [n, F] to codes float [n, L]; called twice, with n objects each.
        population: which may be drawn. A factor with one allowed class is left out.
        generator: decides.
        n: samples to learn from, and as many to test on. MIG, modularity, InfoM and InfoC take the first alone.
        bins: how many of equal width a code is cut into; None where codes are discrete.
        shown: count classes that look alike as one, see `Dataset.canonical`. They may then
            depend on one another, so that even the true factors share some information.
        metrics: which; all if not given.

    Returns:
        The numbers by name, see docs/metrics.md: a metric that is one number has its own, those of one that is several stand
        beside it.

    Raises:
        DtypeError, ShapeError, RangeError: an argument is not as above; the codes are not float [n, L], or hold NaN; or there are
            too few samples for every class to be learnt and tested.

    Example:
        >>> from tasks.data import Dataset
        >>> from tasks.data.circles import Simple
        >>> few = Population(Dataset(Simple()), allowed=tuple(torch.arange(3) for _ in range(3)))
        >>> generator = torch.Generator().manual_seed(0)
        >>> found = measure_disentanglement(lambda classes: classes.float(), few, generator, 200)
        >>> found["factor_vae"], found["dci_informativeness"], found["mig"] > 0.8
        (1.0, 1.0, True)
    """
    representation = represent(encode, population, generator, n, shown=shown, bins=bins)
    found: dict[str, float] = {}
    for name, metric in metrics.items():
        numbers = metric(representation, generator)
        found |= numbers if isinstance(numbers, dict) else {name: numbers}
    return found


def headings(metrics: Mapping[str, Metric] = METRICS) -> dict[str, str]:
    """What tables call each number of these metrics, by its name, as far as it is known before anything was measured.

    Example:
        >>> headings({"mig": METRICS["mig"], "mine": lambda representation, generator: 0.5})
        {'mig': 'MIG', 'mine': 'mine'}
    """
    found: dict[str, str] = {}
    for name, metric in metrics.items():
        found |= metric.headings if isinstance(metric, Headed) else {name: name.replace("_", " ")}
    return found

"""Where factorised posteriors put the parameters of a linear sequence, beside the likelihood; and docs/sequence-bias.md.

    python examples/sequence_bias.py

Everything but the trained posteriors has a closed form; it takes about two minutes of one CPU thread.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tasks.command_line import main
from vsa.errors import RangeError


@dataclass(frozen=True)
class SequenceBiasConfig:
    """Estimate every parameter by likelihood and by bound, train the posteriors, and write the page."""

    sets: int = 200
    """Data sets on which each parameter is estimated."""
    points: int = 50
    """Sequences in each data set."""
    steps: int = 3000
    """Train each posterior for so many steps."""
    seeds: int = 3
    """Trainings at each value of a parameter."""
    seed: int = 0
    """Of all that is random."""
    page: Path = ROOT / "docs" / "sequence-bias.md"
    """The page whose tables are replaced; the figures go into a folder of its name beside it."""

    def command(self) -> str:
        """The command that makes the page."""
        return (
            f"python examples/sequence_bias.py --sets {self.sets} --points {self.points} --steps {self.steps} "
            f"--seeds {self.seeds} --seed {self.seed}"
        )


PARTS: tuple[str, ...] = ("bias", "limits", "trained", "how")


def sequence_bias(config: SequenceBiasConfig) -> None:
    from tasks.studies.page import check_page, write_page
    from tasks.studies.sequence_bias import VARIED, study
    from tasks.studies.sequence_bias_page import draw_curves, draw_gap, how, table_of_bias, table_of_limits, table_of_trained
    from vsa.files import replacing

    if not 0 <= config.seed < 2**63:
        raise RangeError(f"seed must be from 0 to 2^63 - 1, got {config.seed}")
    check_page(config.page, PARTS)  # a page without a place for the tables is refused before the work
    budget = (config.sets, config.points, config.steps, config.seeds)
    found = []
    for varied in VARIED:
        found.append(study(varied, *budget, config.seed))
        print(f"{varied}: trained to within {found[-1].lacks.max():.4f} nats of the best", flush=True)
    texts = (table_of_bias(found), table_of_limits(found), table_of_trained(found), how(*budget, config.command()))
    write_page(config.page, dict(zip(PARTS, texts, strict=True)))
    figures = config.page.with_suffix("")
    figures.mkdir(parents=True, exist_ok=True)
    for name in dict.fromkeys(varied.name for varied in VARIED):
        with replacing(figures / f"{name}.png") as part:
            draw_curves([each for each in found if each.varied.name == name], part)
    with replacing(figures / "gap.png") as part:
        draw_gap(part)
    print(f"page: {config.page}")


if __name__ == "__main__":
    main(SequenceBiasConfig, sequence_bias)

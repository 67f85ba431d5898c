"""Try bad inputs in bulk, and print what came of them: `python tests/fuzzing/run.py --inputs 12000 --seed 0`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path[0] = str(Path(__file__).resolve().parents[2])

from tests.fuzzing import campaign  # noqa: E402
from tests.fuzzing.targets import TARGETS  # noqa: E402


def main() -> int:
    """Exit status 1 if there are failures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=12_000, help="how many in all, shared among the targets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", choices=TARGETS, action="append", help="this one alone; may be given again")
    parser.add_argument("--only", type=int, help="the number of the only input to try")
    options = parser.parse_args()
    chosen = [TARGETS[name] for name in options.target or TARGETS]
    share = -(-options.inputs // len(chosen))
    failures, total, start = [], [0, 0, 0, 0], time.perf_counter()
    print("| Target | What was tried | Inputs | Refused | Answered | Failures |\n|---|---|---|---|---|---|")
    for target in chosen:
        with tempfile.TemporaryDirectory() as folder:
            outcome = campaign.run(target, share, options.seed, Path(folder), only=options.only)
        counts = outcome.inputs, outcome.refused, outcome.answered, len(outcome.failures)
        print(f"| {target.name} | {target.tried} | {' | '.join(map(str, counts))} |", flush=True)
        failures += outcome.failures
        total = [a + b for a, b in zip(total, counts, strict=True)]
    print(f"| all | in {time.perf_counter() - start:.0f} s | {' | '.join(map(str, total))} |")
    for failure in failures:
        print(f"\n{failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

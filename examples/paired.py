"""Stage one: learn objects that are the sum of five bound feature vectors, and edit them by algebra.

    python examples/paired.py --minutes 3 --out runs/paired

An encoder gives a feature vector each for shape, scale, orientation, x and y; each is bound with the vector of its role, and
their sum is the object. In training the five vectors of a target come from five different pictures, so each has to carry its
own feature and nothing else.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.command_line import main
from tasks.symbolic.config import PairedConfig


def paired(config: PairedConfig) -> None:
    from tasks.report import show
    from tasks.symbolic.stages import PAIRED

    show(PAIRED.run(config))


if __name__ == "__main__":
    main(PairedConfig, paired)

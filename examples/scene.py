"""Stage two: learn scenes of two to five objects as the sum of their objects, take objects out and put others in.

    python examples/scene.py --minutes 10 --out runs/scene

Every object is the sum of its five bound feature vectors, and is itself bound with the vector of its slot; the scene is their
sum. Subtracting a bound object takes it out of the picture, adding one puts it in.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.command_line import main
from tasks.symbolic.config import SceneConfig


def scene(config: SceneConfig) -> None:
    from tasks.report import show
    from tasks.symbolic.stages import SCENE

    show(SCENE.run(config))


if __name__ == "__main__":
    main(SceneConfig, scene)

"""Stage three: learn scenes of two objects, edit one of them inside the scene's vector, and show the picture.

    python examples/paired_scene.py --minutes 3 --out runs/demo --seed 0

An object is the sum of its feature vectors, each bound with its role; a scene is the sum of two objects, each bound with
its slot; a decoder draws the scene from that one vector. After training, one feature of one object is exchanged inside the
scene's vector, and the picture is compared with the exact rendering of what it should now be.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.command_line import main
from tasks.symbolic.config import PairedSceneConfig


def paired_scene(config: PairedSceneConfig) -> None:
    from tasks.report import show
    from tasks.symbolic.stages import PAIRED_SCENE

    show(PAIRED_SCENE.run(config))


if __name__ == "__main__":
    main(PairedSceneConfig, paired_scene)

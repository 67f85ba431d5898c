"""Small jobs, in a module of their own because the processes that do them import it."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.studies.jobs import Job
from tasks.training.signals import Interrupted, Stop
from vsa.errors import VSAError


@dataclass(frozen=True)
class Small(Job):
    """What it does is its name; see `compute`."""

    name: str
    folder: Path
    sizes: tuple[int, ...] = (1, 2)

    @property
    def stem(self) -> str:
        return f"small-{self.name}"

    def settings(self) -> dict[str, Any]:
        return {"name": self.name, "sizes": self.sizes}

    def compute(self) -> dict[str, Any]:
        import torch

        print("a progress bar", file=sys.stderr)
        match self.name:
            case "mistaken":
                raise VSAError("the loss became nan at step 3")
            case "broken":
                raise RuntimeError("out of memory")
            case "infinite":
                return {"metrics": {"iou": float("inf")}}
            case "stopped":
                raise Interrupted(signal.SIGTERM, "stopped at step 3")
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "left" | "right":  # each waits for the other: one at a time never ends well
                (self.folder / f"{self.name} is here").touch()
                other = self.folder / ("right is here" if self.name == "left" else "left is here")
                patience = time.monotonic() + 120
                while not other.exists():
                    if time.monotonic() > patience:
                        raise RuntimeError("the other one did not come")
                    time.sleep(0.05)
            case patient if patient.startswith("patient"):
                with Stop() as stop:
                    (self.folder / f"{patient}.begun").touch()
                    while not stop.signal:
                        time.sleep(0.02)
                    time.sleep(2)  # as long as it takes to write where it is
                    (self.folder / f"{patient}.saved").touch()
                raise Interrupted(stop.signal, "stopped at step 3")
        omp = os.environ.get("OMP_NUM_THREADS")
        return {"metrics": {"iou": 0.5}, "threads": [torch.get_num_threads(), omp], "process": os.getpid()}

    def summary(self, found: dict[str, Any]) -> str:
        return f"IoU {found['metrics']['iou']:.3f}"

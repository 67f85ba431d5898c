"""How fast training steps are, the project's default beside the document preset in one run, and where their time goes.

python benchmarks/training.py                        # on the CPU, and on a GPU where there is one
python benchmarks/training.py --document-batch 64    # smaller steps of the document's 126 M weights, which a CPU is slow at

A step is that of `tasks.training.loop`: draw the batch and move it, forward with the loss, backward, the optimiser. The two take
turns, so that noise hits both, and the medians are given. Images are the target pictures that are learnt from.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count, pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from accelerate import Accelerator

from tasks.symbolic.config import StageConfig
from tasks.symbolic.stages import PAIRED as PAIRED
from tasks.symbolic.stages import PAIRED_SCENE as PAIRED_SCENE
from tasks.symbolic.stages import SCENE as SCENE
from tasks.symbolic.task import Stage
from tasks.task import population_of
from tasks.training.processes import make_accelerator

PARTS = ("data", "forward", "backward", "optimiser")


def stepper(task: Stage[Any], config: StageConfig, accelerator: Accelerator) -> tuple[Callable[[], list[float]], int]:
    """What does a training step and gives the seconds of each part of it, and how many weights it trains."""
    model, population, numbers = task.build(config).train(), population_of(config, "train"), count()
    weights = list(model.parameters())
    optimizer = task.optimizer(config, model, fused=True)
    model, optimizer = accelerator.prepare(model, optimizer)

    def now() -> float:
        if accelerator.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    def step() -> list[float]:
        times = [now()]
        batch = task.batch(config, population, next(numbers)).to(accelerator.device)
        times.append(now())
        with accelerator.autocast():
            value = task.loss(config, model, batch, 0.0)
        times.append(now())
        optimizer.zero_grad()
        accelerator.backward(value)
        times.append(now())
        optimizer.step()
        value.item()
        times.append(now())
        return [after - before for before, after in pairwise(times)]

    return step, sum(weight.numel() for weight in weights)


def compare(task: Stage[Any], device: str, steps: int, document_batch: int | None) -> None:
    """Measure the default and the document preset of a task in turns, and print a line for each, and the ratio."""
    configs = {preset: task.config.named(preset) for preset in ("default", "document")}
    if document_batch is not None:
        configs["document"] = replace(configs["document"], batch_size=document_batch)
    accelerator = make_accelerator(device)
    steppers = {name: stepper(task, config, accelerator) for name, config in configs.items()}
    taken: dict[str, list[list[float]]] = {name: [] for name in steppers}
    for _ in range(2):  # that do not count
        for step, _ in steppers.values():
            step()
    for _ in range(steps):
        for name, (step, _) in steppers.items():
            taken[name].append(step())
    rates = {}
    for name, (_, weights) in steppers.items():
        batch = configs[name].batch_size
        whole = statistics.median(map(sum, taken[name]))
        rates[name] = batch / whole
        parts = [statistics.median(part) for part in zip(*taken[name], strict=True)]
        shares = ", ".join(f"{part} {t * 1e3:.1f} ms ({t / sum(parts):.0%})" for part, t in zip(PARTS, parts, strict=True))
        usual = task.config.named(name).batch_size
        reduced = "" if batch == usual else f" instead of {usual}"
        print(
            f"{task.name:12} {name:8} {weights / 1e6:5.1f} M weights, batches of {batch}{reduced}: "
            f"{rates[name]:8,.0f} images/s, {whole * 1e3:.1f} ms a step: {shares}",
            flush=True,
        )
    print(f"{task.name:12} default / document, images/s: {rates['default'] / rates['document']:.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=7, help="steps of each that are measured")
    parser.add_argument("--document-batch", type=int, help="another batch size for the document preset than its own")
    parser.add_argument("--devices", nargs="+", default=["cpu"] + ["cuda"] * torch.cuda.is_available())
    arguments = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}")
    for device in arguments.devices:
        named = torch.cuda.get_device_name() if device == "cuda" else "the CPU"
        precision = {"no": "float32", "bf16": "bfloat16"}[make_accelerator(device).mixed_precision]
        print(f"on {named}, {precision}, {arguments.steps} steps each")
        for task in (PAIRED, SCENE, PAIRED_SCENE):
            compare(task, device, arguments.steps, arguments.document_batch)


if __name__ == "__main__":
    main()

import io

from rich.console import Console

from tasks.training.progress import Progress


def shown(terminal: bool) -> str:
    out = io.StringIO()
    with Progress(100, 180.0, console=Console(file=out, force_terminal=terminal, width=140)) as progress:
        for step in range(1, 101):
            progress.update(step / 100, step, 321.4, 1000 / step)
    return out.getvalue()


def test_a_terminal_shows_a_bar_with_rate_loss_and_time_left() -> None:
    text = shown(terminal=True)
    for part in ("Training (3 min or 100 steps)", "step 100", "321 images/s", "loss 10", "left"):
        assert part in text


def test_elsewhere_a_line_now_and_then() -> None:
    lines = shown(terminal=False).splitlines()
    assert 10 <= len(lines) <= 11
    assert lines[-1] == "Training (3 min or 100 steps): 100%  step 100  321 images/s  loss 10"

"""The benchmark of images says what it measured and which bar was missed."""

import subprocess
import sys

import numpy as np
import pytest

from benchmarks import accuracy_images
from benchmarks.accuracy_images import Run


@pytest.mark.parametrize(
    ("runs", "met"),
    [
        ([Run(99.1, 100, 900), Run(99.4, 359, 800)], "yes"),
        ([Run(99.1, 100, 900), Run(99.2, 100, 800)], "no"),
        ([Run(99.3, 100, 900), Run(99.3, 360, 800)], "no"),
        ([Run(99.3, 100, 1500), Run(99.3, 100, 800)], "no"),
    ],
)
def test_the_mean_seed_and_the_worst_time_and_memory_are_held_against_the_bars(runs, met):
    line = accuracy_images.row("mnist", runs)
    assert line[-1] == met
    assert line[1:4] == (
        f"{np.mean([one.right for one in runs]):.2f}",
        f"{min(one.right for one in runs):.2f} to {max(one.right for one in runs):.2f}",
        "2",
    )


def test_a_run_counts_what_is_right_among_the_test_images(monkeypatch):
    rng = np.random.default_rng(0)
    y = np.arange(120) % 10
    x = rng.integers(0, 40, (120, 28, 28)).astype("uint8")
    x[np.arange(120), :, 2 * y + 4] = 255
    x = x[..., None]
    monkeypatch.setattr(accuracy_images, "images", lambda _: (x, y, x[:20], (y[:20] + 1) % 10))
    monkeypatch.setattr(accuracy_images, "BATCH", 24)
    wrong = accuracy_images.run("mnist", seed=0, epochs=6)
    assert wrong.right < 50
    assert wrong.seconds > 0
    assert wrong.megabytes > 50
    assert accuracy_images.run("mnist", seed=0, epochs=6).right == wrong.right


@pytest.mark.parametrize("argument", ["--seeds=0", "--epochs=0", "--data=cats"])
def test_settings_that_cannot_be_are_refused(argument):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.accuracy_images", argument],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "at least 1" in done.stderr

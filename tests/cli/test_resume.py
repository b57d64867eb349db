"""`train --resume` and `reproduce` as they are typed."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.autodiff import leaves
from chainrule.cli import main

COMMAND = [sys.executable, "-c", "import sys; from chainrule.cli import main; sys.exit(main())"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(2, 300))
    lines = "".join(f"{x:.4f},{y:.4f},{x * y:.4f}\n" for x, y in zip(a, b, strict=True))
    Path("table.csv").write_text(f"a,b,y\n{lines}")
    return tmp_path


TYPED = ["train", "table.csv", "--target", "y", "--engine", "numpy", "--no-baselines",
         "--folds", "2", "--patience", "10000", "--epochs", "300"]  # fmt: skip
KEPT = Path(".table.checkpoint")


def weights(path):
    model = cr.load(path)
    return [x.tobytes() for x in leaves(model.params)], model.judgement, model.history


def started():
    """The command, as soon as a network of it is on disk."""
    process = subprocess.Popen(
        [*COMMAND, *TYPED, "--checkpoint-every", "0.05s"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not list(KEPT.glob("network-*")):
        time.sleep(0.01)
        assert process.poll() is None
    return process


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)]
)
def test_a_command_that_is_stopped_goes_on_to_the_same_model(folder, capsys, number, code):
    process = started()
    sent = time.perf_counter()
    os.kill(process.pid, number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert time.perf_counter() - sent < 5
    assert "Traceback" not in err
    if number != signal.SIGKILL:
        assert "Not judged: stopped by " + ("SIGTERM" if code == 143 else "Ctrl-C") in out
        (line,) = [line for line in out.splitlines() if line.startswith("or go on: ")]
        assert shlex.split(line)[-1] == "--resume"
        assert not cr.load("table.safetensors").judgement
    before = {path: path.read_bytes() for path in KEPT.iterdir()}
    assert main(TYPED) == 2
    assert capsys.readouterr().err == (
        "chainrule: A run that was stopped is kept in .table.checkpoint. Type --resume to go on "
        "with it, or --force to start anew.\n"
    )
    assert before == {path: path.read_bytes() for path in KEPT.iterdir()}
    assert main([*TYPED, "--resume", "--seed", "3"]) == 2
    assert capsys.readouterr().err.startswith("chainrule: The run in .table.checkpoint is another")
    assert main([*TYPED, "--resume"]) == 0
    assert capsys.readouterr().err.startswith("Going on with .table.checkpoint\n")
    assert not KEPT.exists()
    again = weights("table.safetensors")
    assert main([*TYPED, "--force", "--quiet"]) == 0
    assert again == weights("table.safetensors")


def test_force_gives_up_a_run_that_was_kept_and_says_so(folder, capsys):
    process = started()
    process.kill()
    process.communicate()
    assert main([*SHORT, "--force"]) == 0
    said = "Starting anew: the run kept in .table.checkpoint is given up\n"
    assert capsys.readouterr().err.startswith(said)


SHORT = [*TYPED[:-1], "3"]


def test_what_resume_finds_is_said(folder, capsys):
    assert main([*SHORT, "--resume"]) == 0
    assert "Nothing to resume: starting" in capsys.readouterr().err
    assert main([*SHORT, "--resume"]) == 0
    assert "table.safetensors is finished" in capsys.readouterr().err
    assert main([*SHORT[:-1], "4", "--resume", "--quiet"]) == 0
    assert cr.load("table.safetensors").card["epochs_asked"] == 4
    assert main([*SHORT, "--resume", "--seed", "3"]) == 2
    assert "seed changed since" in capsys.readouterr().err
    assert main(SHORT) == 2
    assert "--force" in capsys.readouterr().err


def test_programs_are_kept_for_the_next_run_unless_not_wanted(folder):
    """In processes of their own: it is a setting of JAX as a whole."""
    typed = [*COMMAND, "train", "table.csv", "--target", "y", "--engine", "xla", "--folds", "0",
             "--no-baselines", "--epochs", "2", "--force", "--quiet"]  # fmt: skip
    subprocess.run([*typed, "--no-cache"], check=True)
    assert not (folder / "cache").exists()
    subprocess.run(typed, check=True)
    assert list((folder / "cache" / "chainrule" / "programs").glob("*/*"))


def test_reproduce(folder, capsys):
    main([*SHORT, "--quiet"])
    assert main(["reproduce", "table.safetensors", "table.csv"]) == 0
    assert "The same bit for bit: data, encoder, history," in capsys.readouterr().out
    assert main(["reproduce", "table.safetensors", "table.csv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["same"] is True
    text = Path("table.csv").read_text()
    Path("table.csv").write_text(text.replace("\n", "\n1,1,1\n", 1))
    assert main(["reproduce", "table.safetensors", "table.csv"]) == 1
    assert "300 rows before, 301 now" in capsys.readouterr().out

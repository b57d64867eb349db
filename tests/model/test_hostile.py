"""Files made to hurt are refused with the reason, in little time and memory, and run nothing."""

import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest

import chainrule as cr
from chainrule.cli import main
from chainrule.errors import ModelFileError
from tests.model.hostile import EVERY, whole

GUARDED = Path(__file__).with_name("guarded.py")


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return whole(tmp_path_factory.mktemp("good"))


def test_the_list_is_as_long_as_it_should_be():
    assert sum(not name.startswith("bomb") for name in EVERY) >= 40
    assert sum(name.startswith("bomb") for name in EVERY) >= 30


@pytest.mark.parametrize("name", EVERY)
def test_a_hostile_file_is_refused_in_a_sentence(tmp_path, capsys, good, name):
    make, reason = EVERY[name]
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(make(good))
    start = time.process_time()
    with pytest.raises(ModelFileError, match=reason) as caught:
        cr.load(path)
    assert time.process_time() - start < 1
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 600
    assert main(["inspect", str(path)]) == 2
    assert capsys.readouterr() == ("", f"chainrule: {message}\n")


@pytest.mark.parametrize("name", [n for n in EVERY if n.startswith(("bomb", "lie"))])
def test_a_hostile_file_takes_little_memory(tmp_path, good, name):
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(EVERY[name][0](good))
    size = path.stat().st_size
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError):
            cr.load(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= 2 * size + 64 * 2**20


def test_no_hostile_file_imports_runs_or_opens_anything(tmp_path, good):
    (tmp_path / "a proper one").write_bytes(good)
    for number, (make, _) in enumerate(EVERY.values()):
        (tmp_path / f"{number:03}").write_bytes(make(good))
    assert guarded(tmp_path) == (len(EVERY) + 1, [])


def test_the_guard_sees_what_it_should(tmp_path):
    """Otherwise the test above could not fail."""
    (tmp_path / "file").write_bytes(b"")
    files, seen = guarded(tmp_path, "--plant")
    assert files == 1
    for event in ("import", "exec", "open", "socket", "subprocess", "os.system"):
        assert any(name.startswith(event) for name, _ in seen), event


def guarded(folder, *options):
    """Load every file of a folder in a fresh process under a guard: how many, and what it saw."""
    answer = subprocess.run(
        [sys.executable, GUARDED, folder, *options], capture_output=True, text=True, check=True
    )
    return eval(answer.stdout)

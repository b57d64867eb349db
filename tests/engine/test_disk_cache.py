"""Compiled programs on disk: used again, and only from a folder nobody else could write into."""

import json
import os
import stat
import subprocess
import sys
import time

import pytest

from chainrule.engine import disk_cache
from chainrule.engine.disk_cache import cache_folder, check_files, prepare, prune, seal

PROGRAM = """
import time, warnings
warnings.simplefilter("error")
import jax, numpy as np
import chainrule as cr
from chainrule.engine import keep_programs_on_disk
keep_programs_on_disk({wanted})
compiled = []
jax.monitoring.register_event_listener(lambda name, **_: compiled.append(name))
X = np.random.default_rng(0).normal(size=(40, 3))
model = cr.fit(cr.Network([cr.nn.Dense(4), cr.nn.Tanh(), cr.nn.Dense(1)]), X, X[:, 0], loss="mse",
               epochs=3, engine="xla")
outputs = model.predict(X[:3], engine="xla").tolist()
hits = compiled.count("/jax/compilation_cache/cache_hits")
misses = compiled.count("/jax/compilation_cache/cache_misses")
print(hits, misses, model.history["train_loss"], outputs)
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def run(wanted=True):
    made = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(wanted=wanted)], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    hits, misses, losses = made.stdout.split(maxsplit=2)
    return int(hits), int(misses), losses


def test_a_second_process_compiles_nothing_and_has_the_same_bits(home):
    hits, misses, losses = run()
    assert hits == 0 < misses
    assert run() == (misses, 0, losses)
    folder = cache_folder()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in folder.iterdir())
    kept = [file for file in folder.iterdir() if file.suffix != ".json"]
    assert len(kept) == misses + 1  # the training is found by its key, the rest by JAX
    for spoiled in kept:
        spoiled.write_bytes(spoiled.read_bytes()[:-9] + b"something")
    again = run()
    assert again[:2] == (0, misses)
    assert again[2] == losses


def test_nothing_is_kept_unless_asked_for(home):
    run(wanted=False)
    assert not list(home.iterdir())


@pytest.fixture
def folder(home):
    assert prepare(cache_folder())
    return cache_folder()


def test_only_listed_files_stay(folder):
    for name in ("one", "two", "three"):
        (folder / name).write_bytes(name.encode())
    seal(folder)
    (folder / "two").write_bytes(b"other code")
    (folder / "four").write_bytes(b"code of a process that was killed, or of somebody")
    (folder / "five").symlink_to("/bin/true")
    check_files(folder)
    assert sorted(file.name for file in disk_cache._files(folder)) == ["one", "three"]


@pytest.mark.parametrize("content", ["", "no JSON", "[1]", json.dumps({"one": "0" * 64})])
def test_a_list_that_is_damaged_trusts_nothing(folder, content):
    (folder / "one").write_bytes(b"one")
    seal(folder)
    (folder / disk_cache.LIST).write_text(content)
    check_files(folder)
    assert not disk_cache._files(folder)


def test_a_folder_that_was_open_to_others_is_emptied_and_closed(folder):
    (folder / "one").write_bytes(b"one")
    seal(folder)
    folder.chmod(0o777)
    assert prepare(folder)
    assert not disk_cache._files(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_link_or_a_file_in_its_place_is_not_used(home, tmp_path):
    target = cache_folder()
    target.parent.mkdir(parents=True, mode=0o700)
    for make in (lambda: target.symlink_to(tmp_path), target.touch):
        make()
        with pytest.warns(UserWarning, match=r"not kept:.*is no folder"):
            assert not prepare(target)
        target.unlink()


def test_a_folder_of_somebody_else_is_not_used(folder, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.warns(UserWarning, match="belongs to somebody else"):
        assert not prepare(folder)


def test_where_no_folder_can_be_made_none_is_used(home, monkeypatch):
    (home / "chainrule").write_text("in the way")
    with pytest.warns(UserWarning, match="not kept"):
        assert not prepare(cache_folder())


def test_the_oldest_files_go_first(folder):
    now = time.time()
    for age, name in enumerate(["new", "older", "oldest"]):
        (folder / name).write_bytes(bytes(100))
        os.utime(folder / name, (now - age, now - age))
    prune(folder.parent, 250)
    assert sorted(file.name for file in disk_cache._files(folder)) == ["new", "older"]


def test_another_processor_or_option_has_another_folder(home, monkeypatch):
    usual = cache_folder()
    monkeypatch.setattr(disk_cache, "_processor", lambda: "another one")
    assert cache_folder() != usual
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=true")
    assert cache_folder() != usual


def test_sealing_a_folder_that_is_gone_is_no_fault(tmp_path):
    seal(tmp_path / "gone")

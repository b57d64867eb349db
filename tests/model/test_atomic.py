"""A save that fails anywhere leaves the old or the new file whole, and says that it failed."""

import errno
import os
import resource
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from chainrule import nn
from chainrule.cli import main
from chainrule.errors import ModelFileError
from chainrule.model import load
from chainrule.model.atomic import replace_file
from tests.model.samples import model_with

CALLS = ("stat", "open", "write", "fstat", "fchmod", "fsync", "close", "replace")
"""The calls of the system in a save."""

OLD, NEW = (model_with(nn.Dense(units), (3,)) for units in (4, 900))


class Failing:
    """The calls of the system, of which the one of a number fails."""

    def __init__(self, number, code, only=CALLS):
        self.left, self.code, self.only = number, code, only
        self.seen = []

    def arm(self, monkeypatch):
        for name in self.only:
            monkeypatch.setattr(os, name, self.around(name, getattr(os, name)))

    def around(self, name, call):
        def failing(*arguments, **named):
            self.seen.append(name)
            self.left -= 1
            if self.left == 0:
                if name == "close":
                    call(*arguments)
                raise OSError(self.code, os.strerror(self.code))
            return call(*arguments, **named)

        return failing


def saving(path, failing, model=NEW):
    """Save while a call fails: the calls that were made, and the message."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        failing.arm(monkeypatch)
        try:
            model.save(path)
        except ModelFileError as error:
            return failing.seen, str(error)
    return failing.seen, ""


def test_every_call_of_the_system_is_among_those_that_are_made_to_fail(tmp_path):
    path = tmp_path / "m.safetensors"
    OLD.save(path)
    path.chmod(0o640)
    seen, message = saving(path, Failing(-1, 0))
    assert message == ""
    assert set(seen) == set(CALLS)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO, errno.EROFS, errno.EDQUOT])
@pytest.mark.parametrize("there", [True, False])
def test_whichever_call_fails_the_old_or_the_new_file_is_whole(tmp_path, code, there):
    path = tmp_path / "m.safetensors"
    number = 0
    while True:
        number += 1
        path.unlink(missing_ok=True)
        if there:
            OLD.save(path)
            path.chmod(0o640)
        seen, message = saving(path, Failing(number, code))
        if len(seen) < number:
            break
        assert f"could not be written: {os.strerror(code)}." in message, seen
        assert message.endswith("A file there is still whole.")
        assert "\n" not in message
        assert [p.name for p in tmp_path.iterdir()] in ([], ["m.safetensors"])
        if there or path.exists():
            made = load(path)
            assert made.network in ((OLD.network, NEW.network) if there else (NEW.network,))
            assert (made.network == NEW.network) == ("replace" in seen[: number - 1])
    assert number > (11 if there else 9)
    assert load(path).network == NEW.network


def test_a_temporary_file_that_cannot_be_removed_does_not_hide_the_reason(tmp_path, monkeypatch):
    def refused(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "unlink", refused)
    _, message = saving(tmp_path / "m.safetensors", Failing(1, errno.ENOSPC, ("fsync",)))
    assert "No space left on device" in message


def test_ctrl_c_within_a_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "m.safetensors"
    OLD.save(path)

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        NEW.save(path)
    assert [p.name for p in tmp_path.iterdir()] == ["m.safetensors"]
    assert load(path).network == OLD.network


def test_a_folder_that_vanishes_is_said(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as monkeypatch:
        flush = os.fsync
        monkeypatch.setattr(os, "fsync", lambda file: (shutil.rmtree(folder), flush(file)))
        with pytest.raises(ModelFileError, match="could not be written: No such file"):
            NEW.save(folder / "m.safetensors")


def test_a_file_system_that_cannot_flush_folders_is_no_failure(tmp_path):
    path = tmp_path / "m.safetensors"
    seen, message = saving(path, Failing(2, errno.EINVAL, ("fsync",)))
    assert (seen, message) == (["fsync", "fsync"], "")
    assert load(path).network == NEW.network


def test_a_write_that_is_cut_short_goes_on(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:7]))
    replace_file(tmp_path / "a", [b"0123456789", b"", memoryview(b"abcdefgh" * 3)])
    assert (tmp_path / "a").read_bytes() == b"0123456789" + b"abcdefgh" * 3


def test_a_full_disk_of_the_real_system_leaves_the_old_file(tmp_path):
    """The kernel keeps the limit of a file's size: a write is cut short, the next one fails."""
    path = tmp_path / "m.safetensors"
    OLD.save(path)
    before = path.read_bytes()
    script = (
        "import resource, sys\n"
        "from tests.model.test_atomic import NEW\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))\n"
        "NEW.save(sys.argv[1])\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script, path],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": f"{os.environ.get('PYTHONPATH', '')}:."},
        check=False,
    )
    assert answer.returncode == 1
    assert "could not be written: File too large" in answer.stderr
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.safetensors"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 8192


def test_the_command_says_it_in_a_line_and_does_not_exit_0(tmp_path, monkeypatch, capsys):
    source = Path("examples/data/penguins.csv").resolve()
    monkeypatch.chdir(tmp_path)
    Path("m.safetensors").write_bytes(b"old")
    quick = ["--folds", "0", "--no-baselines", "--epochs", "1", "--engine", "numpy", "--force"]
    monkeypatch.setattr("chainrule.model.atomic._flush_folder", Failing(1, 28).around("", None))
    arguments = ["train", str(source), "--target", "species", "--out", "m.safetensors", *quick]
    assert main(arguments) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("chainrule: m.safetensors could not be written: No space left")
    assert main(["inspect", "m.safetensors"]) == 0


def test_a_link_is_followed_and_stays(tmp_path):
    target, link = tmp_path / "real", tmp_path / "m.safetensors"
    link.symlink_to(target)
    OLD.save(link)
    NEW.save(link)
    assert link.is_symlink()
    assert load(target).network == NEW.network


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_file_is_never_replaced(tmp_path, kind):
    path = tmp_path / "m.safetensors"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/null")
    with pytest.raises(ModelFileError, match="could not be written: it is a"):
        OLD.save(path)
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert [p.name for p in tmp_path.iterdir()] == ["m.safetensors"]


def test_a_name_as_long_as_the_system_allows_is_saved(tmp_path):
    path = tmp_path / ("ü" * 121 + ".safetensors")
    OLD.save(path)
    assert load(path).network == OLD.network


@pytest.mark.parametrize("name", ["a\0b", "x/" * 3000, "y" * 300])
def test_a_name_that_no_system_has_is_said(tmp_path, name):
    for use in (OLD.save, load):
        with pytest.raises(ModelFileError, match=r"could not be written|cannot be read") as caught:
            use(tmp_path / name)
        assert str(caught.value).isprintable()


def test_a_new_file_may_be_read_as_others_are(tmp_path):
    OLD.save(tmp_path / "m.safetensors")
    (tmp_path / "plain").write_bytes(b"")
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_no_file_stays_open(tmp_path):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        OLD.save(tmp_path / "m.safetensors")
        load(tmp_path / "m.safetensors")
        saving(tmp_path / "m.safetensors", Failing(2, errno.EIO, ("fsync",)))
        saving(tmp_path / "m.safetensors", Failing(1, errno.EIO, ("write",)))
    assert len(list(Path("/proc/self/fd").iterdir())) == before

"""A run of train that is killed between or within its networks goes on to the same model."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.autodiff import leaves
from chainrule.errors import ModelFileError, SettingError
from chainrule.training import checkpoint
from chainrule.workflow import forget

RANDOM = np.random.default_rng(0)
A, B = RANDOM.normal(size=(2, 60))
TABLE = {"a": A, "b": B, "y": A * B + RANDOM.normal(0, 0.1, 60)}


def train(source=TABLE, **settings):
    settings = {"target": "y", "folds": 2, "epochs": 4, "hidden": (3,), "seed": 5, **settings}
    return cr.train(source, **settings)


def same(one, other):
    arrays = zip(leaves((one.params, one.state)), leaves((other.params, other.state)), strict=True)
    return (
        all(a.tobytes() == b.tobytes() for a, b in arrays)
        and one.judgement == other.judgement
        and one.history == other.history
        and one.encoder == other.encoder
    )


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture(scope="module")
def whole():
    return train()


@pytest.mark.parametrize("save", [1, 3, 6, 9])
def test_a_run_that_is_killed_goes_on_to_the_same_model(monkeypatch, tmp_path, whole, save):
    """Nine networks are trained: two a fold, twice, for two contenders, and the one of all rows."""
    monkeypatch.setattr(checkpoint, "SHORTEST", 0.0)
    folder = tmp_path / "run"
    write, count = checkpoint.write_container, []

    def once_too_often(*arguments):
        write(*arguments)
        count.append(1)
        if len(count) == save:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "write_container", once_too_often)
        with pytest.raises(Killed):
            train(checkpoint=folder, checkpoint_every=2)
    assert same(train(checkpoint=folder, checkpoint_every=2, resume=True), whole)


def test_a_run_that_is_over_is_found_whole_and_can_be_forgotten(monkeypatch, tmp_path, whole):
    monkeypatch.setattr(checkpoint, "SHORTEST", 0.0)
    folder = tmp_path / "run"
    train(checkpoint=folder)
    assert len(list(folder.glob("network-*"))) == 9
    monkeypatch.setattr("chainrule.training.loop._Run._call", lambda *_: pytest.fail("trains"))
    assert same(train(checkpoint=folder, resume=True), whole)
    forget(folder)
    assert not folder.exists()
    forget(folder)


def test_no_folder_but_that_of_a_run_is_deleted(tmp_path):
    (tmp_path / "mine").write_text("precious")
    forget(tmp_path)
    assert (tmp_path / "mine").exists()


def test_more_epochs_go_on_and_end_as_if_they_had_been_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SHORTEST", 0.0)
    train(checkpoint=tmp_path / "run")
    again = train(checkpoint=tmp_path / "run", resume=True, epochs=6)
    assert same(again, train(epochs=6))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 6}, "seed was 5 and is 6"),
        ({"hidden": (4,)}, "hidden was [3] and is [4]"),
        ({"dropout": 0.1}, "dropout was not given and is 0.1"),
        ({"folds": 3}, "folds was 2 and is 3"),
        ({"source": {**TABLE, "a": A + 1}}, "the data changed"),
        ({"drop": "b"}, "drop was not given and is b"),
        ({"optimizer": cr.optim.RMSProp(0.1)}, "optimizer changed"),
    ],
)
def test_another_run_is_not_gone_on_with(tmp_path, change, words):
    train(checkpoint=tmp_path / "run")
    with pytest.raises(SettingError) as caught:
        train(checkpoint=tmp_path / "run", resume=True, **change)
    assert words in str(caught.value)
    train(checkpoint=tmp_path / "run", **change)


def test_what_is_in_the_way_or_wrong_is_said(tmp_path):
    with pytest.raises(SettingError, match="resume needs a checkpoint"):
        train(resume=True)
    with pytest.raises(SettingError, match="checkpoint_every is 'soon'"):
        train(checkpoint=tmp_path / "run", checkpoint_every="soon")
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelFileError, match="in the way"):
        train(checkpoint=tmp_path / "file")
    with pytest.raises(ModelFileError, match="could not be written"):
        train(checkpoint=tmp_path / "no" / "folder")


def test_a_folder_without_a_run_is_begun_anew(tmp_path, whole):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("no JSON")
    assert same(train(checkpoint=tmp_path / "run", resume=True), whole)

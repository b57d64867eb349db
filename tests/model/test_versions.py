"""The kept files of every version load for ever and answer as they did, to the last bit."""

import json
import platform
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.model.file import VERSION
from tests.model.keep_version import FOLDER, ROWS
from tests.model.samples import LAYERS, rows_for

VERSIONS = range(1, VERSION + 1)


def close(model_answers, kept):
    """Bitwise on the processors the files were made on; elsewhere products are summed otherwise."""
    if platform.machine() == "x86_64":
        np.testing.assert_array_equal(model_answers, kept)
    else:
        np.testing.assert_allclose(model_answers, kept, rtol=1e-5)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_kept_file_of_every_layer_answers_as_it_did(version):
    model = cr.load(FOLDER / f"{version}-layers.safetensors")
    kept = json.loads((FOLDER / f"{version}.json").read_text(encoding="utf-8"))
    answers = model.outputs(rows_for(LAYERS["Branches"][1]))
    assert answers.dtype == "float32"
    close(answers, np.array(kept["layers"], "float32"))
    assert model.targets.classes.tolist() == ["no", "yes", "naïve"]
    assert model.card["note"] == "naïve"


@pytest.mark.filterwarnings("ignore:.*are guesses")
@pytest.mark.parametrize("version", VERSIONS)
def test_a_kept_file_of_a_table_answers_as_it_did(version):
    model = cr.load(FOLDER / f"{version}-table.safetensors")
    kept = json.loads((FOLDER / f"{version}.json").read_text(encoding="utf-8"))
    close(model.predict(ROWS), np.array(kept["table"]))
    assert cr.inspect(model).columns


@pytest.mark.parametrize("version", VERSIONS)
def test_a_kept_file_can_be_saved_anew(tmp_path, version):
    model = cr.load(FOLDER / f"{version}-layers.safetensors")
    model.save(tmp_path / "again.safetensors")
    again = cr.load(tmp_path / "again.safetensors")
    assert (again.network, again.card, again.history) == (model.network, model.card, model.history)


def test_the_reader_in_the_docs_reads_a_kept_file(tmp_path, monkeypatch):
    page = Path("docs/model-file.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", page, re.S | re.M)
    kept = (FOLDER / f"{VERSION}-table.safetensors").read_bytes()
    (tmp_path / "penguins.safetensors").write_bytes(kept)
    monkeypatch.chdir(tmp_path)
    names = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        exec(code, names)
    assert names["document"]["version"] == VERSION
    assert names["weight"].shape == (names["document"]["in_shape"][0], 3)

"""Cells that a model has never met are said in a line; codes that lost their zeros are refused."""

import warnings

import numpy as np
import pandas
import pytest

import chainrule as cr
from chainrule.cli import main
from chainrule.data import as_table, chunks, fit_encoder
from chainrule.data.strange import strange_cells, strange_words
from chainrule.errors import DataError
from chainrule.workflow import explain_row

ZIPS = ["01067", "10115", "20095", "50667"]
TOWNS = [f"town {i:02}" for i in range(60)]
TABLE = {
    "zip": [ZIPS[i % 4] for i in range(240)],
    "town": [TOWNS[i % 60] for i in range(240)],
    "size": [20.0 + i % 50 for i in range(240)],
    "sold": [f"2024-{1 + i % 12:02}-15" for i in range(240)],
    "price": [float(i % 50 + 5 * (i % 4)) for i in range(240)],
}
NEW = {
    "zip": ["01067", "99999", None],
    "town": ["town 99", "town 98", "town 05"],
    "size": [99_999_999.0, 30.0, -5_000.0],
    "sold": ["2024-05-15", "2024-03-01", "1899-12-31"],
}
SAID = (
    "zip: labels that the model does not know in 1 row, e.g. '99999'; "
    "town: labels that the model does not know in 2 rows, e.g. 'town 98'; "
    "size: numbers far outside those trained on in 2 rows, e.g. 99999999; "
    "sold: dates far outside those trained on in 1 row, e.g. 1899-12-31. "
    "The answers for these rows are guesses."
).replace("town 98", "town 99")


@pytest.fixture(scope="module")
def model():
    return cr.train(TABLE, target="price", folds=0, baselines=False, engine="numpy", epochs=2)


@pytest.mark.parametrize("embedded", [(), ("town",)])
def test_new_labels_and_absurd_numbers_are_found_however_labels_are_written(embedded):
    table = as_table(TABLE)
    names = ["zip", "town", "size", "sold"]
    encoder = fit_encoder(table, names, table.column("price"), embedded=embedded)
    assert strange_words(strange_cells(encoder, as_table(NEW, encoder.kinds))) == SAID
    assert strange_cells(encoder, table) == []


def test_every_way_to_predict_says_it_once(model, tmp_path, monkeypatch):
    frame = pandas.DataFrame(NEW)
    for answer in (model.predict, model.outputs, lambda x: cr.predict(model, x)):
        with pytest.warns(UserWarning, match="guesses") as said:
            answer(frame)
        assert [str(one.message) for one in said] == [SAID]
    pandas.concat([frame] * 3).to_csv(tmp_path / "new.csv", index=False)
    monkeypatch.setattr(chunks, "BLOCK", 64)
    with pytest.warns(UserWarning, match="town 99") as said:
        cr.predict(model, tmp_path / "new.csv")
    assert len(said) == 1
    assert "zip: labels that the model does not know in 3 rows" in str(said[0].message)


def test_evaluate_and_explain_say_it_too(model):
    judged = NEW | {"price": [1.0, 2.0, 3.0]}
    with pytest.warns(UserWarning, match="far outside those trained on in 2 rows"):
        cr.evaluate(model, judged)
    with pytest.warns(UserWarning, match="sold: dates far outside"):
        explain_row(model, judged, 3)


def test_rows_like_those_trained_on_are_predicted_in_silence(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cr.predict(model, TABLE)
        model.predict({name: [cells[0]] for name, cells in TABLE.items()})
        cr.predict(model, {name: [None, cells[0]] for name, cells in TABLE.items()})


def test_codes_that_lost_their_zeros_are_refused(model):
    frame = pandas.DataFrame(TABLE)
    lost = frame.assign(zip=frame.zip.astype(int))
    for rows in (lost, lost.assign(zip=lost.zip.where(np.arange(240) % 2 == 0))):
        for answer in (model.predict, lambda x: cr.predict(model, x)):
            with pytest.raises(DataError, match=r"zip has 1067, and .* on 01067.*dtype=.'zip'"):
                answer(rows)


def test_the_command_says_it_on_stderr(model, tmp_path, capsys):
    model.save(tmp_path / "m.safetensors")
    pandas.DataFrame(NEW).to_csv(tmp_path / "new.csv", index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main(["predict", str(tmp_path / "m.safetensors"), str(tmp_path / "new.csv")]) == 0
    captured = capsys.readouterr()
    assert f"Note: {SAID}\n" in captured.err
    assert len(captured.out.splitlines()) == 4

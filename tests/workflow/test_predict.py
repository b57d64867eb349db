"""`cr.predict`: a model's answers by the name of their column, whatever form the rows have."""

import numpy as np
import polars
import pytest

import chainrule as cr
from chainrule.data import chunks
from chainrule.errors import DataError, SettingError
from chainrule.workflow import predict_chunks

PENGUINS = "examples/data/penguins.csv"


@pytest.fixture(scope="module")
def model():
    return cr.train(PENGUINS, target="species", folds=0, baselines=False, engine="numpy", epochs=20)


@pytest.fixture(scope="module")
def numbers():
    return cr.train(
        PENGUINS, target="body_mass_g", folds=0, baselines=False, engine="numpy", epochs=5
    )


def test_predictions_are_those_of_the_model_and_keep_their_order(model):
    found = cr.predict(model, PENGUINS, proba=True, id=["sex", "year"])
    assert list(found) == [
        *("sex", "year", "species"),
        *("probability_Adelie", "probability_Chinstrap", "probability_Gentoo"),
    ]
    assert (found["species"] == model.predict(PENGUINS)).all()
    assert (found["probability_Gentoo"] == model.predict_proba(PENGUINS)[:, 2]).all()
    assert found["year"][:3].tolist() == ["2007", "2007", "2007"]
    assert found["sex"][:4].tolist() == ["male", "female", "female", "NA"]


def test_the_file_of_a_model_does_as_well(model, tmp_path):
    model.save(tmp_path / "m.safetensors")
    found = cr.predict(tmp_path / "m.safetensors", PENGUINS)["species"]
    assert (found == model.predict(PENGUINS)).all()


def test_numbers_are_predicted_in_the_units_of_the_table(numbers):
    found = cr.predict(numbers, PENGUINS)
    assert list(found) == ["body_mass_g"]
    assert 2000 < found["body_mass_g"].mean() < 6000
    with pytest.raises(SettingError, match="no probabilities"):
        cr.predict(numbers, PENGUINS, proba=True)


def test_columns_may_stand_in_any_order_and_others_are_named_as_ignored(model):
    frame = polars.read_csv(PENGUINS, null_values="NA")
    turned = frame.select(frame.columns[::-1]).with_columns(note=polars.lit("x"))
    (part,) = predict_chunks(model, turned, id="note")
    assert part.ignored == ("species",)
    assert (part.columns["species"] == model.predict(PENGUINS)).all()


def test_an_id_of_the_predicted_columns_name_keeps_it(model):
    found = cr.predict(model, PENGUINS, id="species")
    assert list(found) == ["species", "predicted_species"]
    assert (found["species"] == found["predicted_species"]).mean() > 0.9


def test_a_long_table_comes_in_pieces_with_the_same_answers(model, monkeypatch):
    whole = cr.predict(model, PENGUINS, proba=True)
    monkeypatch.setattr(chunks, "BLOCK", 2000)
    parts = list(predict_chunks(model, PENGUINS, proba=True))
    assert len(parts) > 5
    assert sum(part.rows for part in parts) == 344
    again = cr.predict(model, PENGUINS, proba=True)
    assert (again["species"] == whole["species"]).all()
    assert np.allclose(again["probability_Adelie"], whole["probability_Adelie"], rtol=1e-5)


def test_rows_that_do_not_fit_are_named(model, tmp_path):
    frame = polars.read_csv(PENGUINS)
    with pytest.raises(DataError, match=r"lacks .*'island', 'sex'"):
        cr.predict(model, frame.drop("sex", "island"))
    frame.with_columns(year=polars.lit("long ago")).write_csv(tmp_path / "new.csv")
    with pytest.raises(DataError, match=r"new\.csv, line 2, column 'year': 'long ago'"):
        cr.predict(model, tmp_path / "new.csv")


def test_a_model_of_arrays_is_refused_with_the_cure():
    network = cr.Network([cr.nn.Dense(1)])
    model = cr.fit(network, np.eye(3), np.arange(3.0), loss="mse", epochs=1)
    with pytest.raises(SettingError, match="trained on arrays"):
        cr.predict(model, PENGUINS)

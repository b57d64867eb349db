"""A column of many labels all the way: train, judge, save, predict, explain, inspect, reproduce."""

import json

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn
from chainrule.errors import ModelFileError, SettingError
from chainrule.workflow import explain_row, plot, reproduce
from tests.model.raw import changed

ROWS, LABELS = 480, 60
QUICK = {"folds": 0, "baselines": False, "engine": "numpy", "epochs": 30, "hidden": (8,)}


def towns(rows=ROWS, missing=False):
    """Every town has a level of its own, and nothing else says anything."""
    random = np.random.default_rng(0)
    town = np.arange(rows) % LABELS
    level = random.normal(size=LABELS)
    cells = [f"town {i}" for i in town]
    if missing:
        cells[::9] = [""] * len(cells[::9])
    return {
        "x": random.normal(size=rows).tolist(),
        "town": cells,
        "z": random.normal(size=rows).tolist(),
        "level": (level[town] + random.normal(0, 0.1, rows)).tolist(),
    }


@pytest.fixture(scope="module")
def model():
    return cr.train(towns(), target="level", **QUICK | {"epochs": 120})


def test_the_layer_is_in_front_and_the_page_says_why(model):
    assert model.network.layers[0] == nn.EmbedColumns((1,), (LABELS + 1,), (8,))
    assert any("town: 8 learnt numbers a label" in reason for reason in model.card["reasons"])
    assert model.in_shape == (3,)


def test_labels_are_learnt(model):
    assert model.judgement["score"] < 0.5 * model.judgement["trivial_score"]


@pytest.mark.filterwarnings("ignore:.*are guesses")
def test_a_label_that_is_new_or_missing_is_taken_for_an_average_one(model):
    table = model.params[0][0]["table"]
    np.testing.assert_allclose(table[-1], table[:-1].mean(axis=0), rtol=1e-5)
    new, gap = model.predict({"x": [0.0] * 2, "town": ["Mars", ""], "z": [0.0] * 2})
    assert new == gap
    known = model.predict({"x": [0.0] * 60, "town": towns()["town"][:60], "z": [0.0] * 60})
    assert known.min() < new < known.max()


def test_missing_labels_have_a_vector_that_is_learnt():
    model = cr.train(towns(missing=True), target="level", **QUICK)
    table = model.params[0][0]["table"]
    assert np.abs(table[-1] - table[:-1].mean(axis=0)).max() > 1e-3


def test_the_file_gives_the_same_bits(model, tmp_path):
    model.save(tmp_path / "m.safetensors")
    again = cr.load(tmp_path / "m.safetensors")
    assert (again.encoder, again.network) == (model.encoder, model.network)
    assert again.predict(towns()).tobytes() == model.predict(towns()).tobytes()


def narrower(layer):
    return layer | {"counts": [LABELS]}


def elsewhere(layer):
    return layer | {"columns": [2]}


def plain(layer):
    return {"type": "ReLU"}


@pytest.mark.parametrize("damage", [narrower, elsewhere, plain])
def test_a_file_whose_numbers_of_labels_do_not_fit_its_table_is_refused(model, tmp_path, damage):
    path = tmp_path / "m.safetensors"
    model.save(path)
    document = json.loads(json.dumps(read_document(path)))
    layers = document["network"]["layers"]
    layers[0] = damage(layers[0])
    path.write_bytes(changed(path.read_bytes(), "network", "layers", to=layers))
    with pytest.raises(ModelFileError, match="cannot be loaded"):
        cr.load(path)


def read_document(path):
    from chainrule.model.container import read_container

    return read_container(path)[0]


def test_a_row_is_explained_by_its_label_its_vector_and_its_gradient(model):
    page = explain_row(model, towns(), 3)
    place = list(model.encoder.embedded[1].labels).index("town 2")
    rows = {row.name: row for row in page.inputs}
    assert (rows["x2"].meaning, rows["x2"].cell, rows["x2"].value) == ("town", "town 2", place)
    assert rows["x2"].slope is None
    vector = model.params[0][0]["table"][place]
    found = [rows[f"table1({place + 1},{k + 1})"] for k in range(8)]
    assert [row.value for row in found] == pytest.approx(vector.tolist())
    gradient = page.grads[0][0]["table"][place]
    assert [row.slope for row in found] == pytest.approx(gradient.tolist())
    assert "vector of town, 1" in str(page)
    assert page.values["net_o1"] == pytest.approx(model.outputs(towns())[2, 0], rel=1e-4)


def test_it_is_inspected_and_drawn(model):
    found = cr.inspect(model)
    assert found.layers[0].layer == f"EmbedColumns((1,), ({LABELS + 1},), (8,))"
    assert (found.layers[0].parameters, found.layers[0].out_shape) == ((LABELS + 1) * 8, (10,))
    assert [column.width for column in found.columns] == [1, 1, 1]
    assert f"its {LABELS} labels" in found.columns[1].encoding
    assert plot(model, "network").axes


def test_the_same_model_comes_out_again(model):
    assert reproduce(model, towns()).same


def test_folds_and_baselines_judge_with_an_encoding_of_their_own(monkeypatch):
    widths = []
    fit = cr.workflow.fitting.fit

    def watched(network, X, *rest, **settings):
        widths.append((type(network.layers[0]).__name__, X.shape[1]))
        return fit(network, X, *rest, **settings)

    monkeypatch.setattr(cr.workflow.fitting, "fit", watched)
    made = cr.train(towns(), target="level", **QUICK | {"folds": 2, "baselines": True, "epochs": 2})
    assert {w for w in widths if w[0] == "EmbedColumns"} == {("EmbedColumns", 3)}
    assert all(width > LABELS - 5 for kind, width in widths if kind == "Dense")
    assert {kind for kind, _ in widths} == {"Dense", "EmbedColumns"}
    assert len(made.judgement["others"]) == 4
    linear = next(o for o in made.judgement["others"] if o["role"] == "linear")
    assert linear["scores"]["RMSE"]["value"] < 0.5 * made.judgement["trivial_score"]


def test_a_network_of_ones_own_gets_the_layer_in_front(tmp_path):
    (tmp_path / "net.json").write_text('[{"type": "Tanh"}, {"type": "Dense", "units": 1}]')
    settings = {k: v for k, v in QUICK.items() if k != "hidden"}
    made = cr.train(towns(), target="level", network=tmp_path / "net.json", **settings)
    assert [type(x).__name__ for x in made.network.layers] == ["EmbedColumns", "Tanh", "Dense"]
    with pytest.raises(SettingError, match="puts in front itself"):
        cr.train(towns(), target="level", network=made.network, **settings)


def test_both_engines_learn_the_same(model):
    other = cr.train(towns(), target="level", **QUICK | {"epochs": 120, "engine": "xla"})
    assert other.judgement["score"] == pytest.approx(model.judgement["score"], rel=0.05)
    dry = cr.train(towns(), target="level", **QUICK, dry_run=True)
    assert dry.network == model.network


def test_classes_and_a_single_row_work():
    table = towns() | {"level": ["high" if y > 0 else "low" for y in towns()["level"]]}
    made = cr.train(table, target="level", **QUICK | {"epochs": 60})
    assert made.judgement["score"] > 0.85
    one = {name: cells[:1] for name, cells in table.items()}
    assert made.predict(one).tolist() == table["level"][:1]

"""Every example runs, shows what it claims, and draws its figure."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.data import DataUnavailableError

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.py") if not path.stem.startswith("_"))


def shows_perceptron(found):
    fruits, xor = found.values()
    assert fruits[-1] == 0
    assert min(xor) >= 1


def shows_xor(found):
    assert (found["chance"] > 0.5).tolist() == [False, True, True, False]
    assert found["solved"][8] == found["starts"]


def shows_linear_models(found):
    for model in found["models"].values():
        assert np.mean(model.predict(found["X"]) == found["y"]) > 0.95
    weights = [model.params[0]["weight"][:, 0] for model in found["models"].values()]
    svm, logistic = (w / np.linalg.norm(w) for w in weights)
    assert svm @ logistic > 0.99
    assert found["close"].sum() < 30


def shows_function_approximation(found):
    for table in found.values():
        means = [np.mean(errors) for errors in table.values()]
        assert means == sorted(means, reverse=True)
        assert means[-1] < means[0] / 3


def shows_shallow_deep(found):
    assert len(set(found["parameters"])) == 1
    short = [np.mean(errors[0]) for errors in found["errors"].values()]
    assert max(short) < 0.01
    shallow, deep = (np.mean(errors[-1]) for errors in found["errors"].values())
    assert deep < 0.5 * shallow


def shows_descent(found):
    after_one = {name: losses[1] for name, losses in found["losses"].items()}
    assert after_one["stochastic"] < after_one["mini-batch of 20"] < after_one["batch"]
    assert all(losses[-1] < 2 * found["least"] for losses in found["losses"].values())
    batch = found["losses"]["batch"]
    assert batch == sorted(batch, reverse=True)


def shows_activations(found):
    ratio = {name: norms[0] / norms[-1] for name, norms in found.items()}
    assert ratio["sigmoid"] < 1e-4
    assert ratio["tanh"] > 0.1
    assert ratio["ReLU"] > 0.1


def shows_dying_relu(found):
    (stuck, no_loss), (leaky, _), (he, he_loss), _ = found.values()
    assert stuck == [1.0, 1.0]
    assert no_loss > 0.3
    assert leaky[1] < leaky[0]
    assert he[0] < 0.5
    assert he_loss < 0.01


def shows_outliers(found):
    off = {name: abs(slope - 2) + abs(cut - 1) for name, (slope, cut) in found.items()}
    assert off["mean absolute"] < 0.2
    assert off["Huber"] < 0.4
    assert off["mean squared"] > 1.5


def shows_overfitting(found):
    plain = found["new"].pop("plain")
    assert found["own"]["plain"] < 0.25 * plain
    assert all(cured < 0.9 * plain for cured in found["new"].values())


def shows_digit_in_picture(found):
    assert found["right"] > 2 * found["most"]
    assert found["overlap"] > 2.5 * found["plain"]


def shows_gun_point(found):
    assert found["nearest"] == pytest.approx(0.913, abs=1e-3)
    assert found["right"].mean() > (0.98 if len(found["right"]) == 5 else 0.95)
    model, new = found["models"][0], found["new"]
    speaks_for = sys.modules["gun_point"].speaks_for
    from_steps = speaks_for(model, new).mean(1) + model.params[-1]["bias"] @ [-1, 1]
    labels = model.predict(new)
    assert ((from_steps > 0) == (labels == "2")).all()


def shows_temperature(found):
    for errors in found.values():
        whole = {way: np.sqrt(np.mean(np.square(each))) for way, each in errors.items()}
        better = min(whole["as today"], whole["as last year"])
        assert whole["network"] < 0.9 * better
        assert whole["network"] > 0.85 * whole["season alone"]


def shows_share_prices(found):
    assert 0.99 < found["mean"] < 1.01
    assert found["low"] < 1 < found["high"]
    assert found["right"] < found["rose"] + 0.01


def shows_attention_reverses(found):
    assert found["right"] > 0.95
    assert found["mirrored"] > 0.8


def shows_novel(found):
    assert found["LSTM"] < found["one letter"] - 0.5
    if len(found["samples"][1.0]) > 60:
        assert found["LSTM"] < found["two letters"] - 0.8
        assert found["each"][-8:].mean() < found["each"][:8].mean() - 0.2


def shows_handwritten_digits(found):
    convolutional, dense, logistic = found["rights"].values()
    assert convolutional > logistic
    assert dense > logistic
    assert convolutional > 0.96


def shows_face_or_not(found):
    right, low, high = found["convolutional"]
    assert low < right < high < 1
    assert low > found["no black pixels"][0]


def shows_steering(found):
    mean, linear, convolutional = found.values()
    assert convolutional < 0.6 * linear < 0.6 * mean


def shows_fashion_images(found):
    assert found["right"] > (0.92 if found["tested"] == 10_000 else 0.7)


@pytest.fixture
def example(request, monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    yield importlib.import_module(request.param)
    for name in [*NAMES, "_data", "_figure"]:
        sys.modules.pop(name, None)


def run(example, folder, quick):
    try:
        found = example.main(str(folder), quick)
    except DataUnavailableError as error:
        pytest.skip(str(error))
    globals()[f"shows_{example.__name__}"](found)
    drawn = folder / f"{example.__name__}.png"
    assert drawn.stat().st_size > 10_000


@pytest.mark.parametrize("example", NAMES, indirect=True)
def test_an_example_shows_what_it_claims(example, tmp_path, capsys):
    run(example, tmp_path, quick=True)
    assert "Figure:" in capsys.readouterr().out


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:X holds uint8 pictures")
@pytest.mark.parametrize("example", NAMES, indirect=True)
def test_a_whole_example_shows_what_it_claims(example, tmp_path):
    run(example, tmp_path, quick=False)


def test_the_table_of_examples_names_every_script():
    page = (EXAMPLES / "README.md").read_text()
    assert [name for name in NAMES if f"[{name}.py]({name}.py)" not in page] == []

"""Figures show the numbers they are given, look the same everywhere, and are the same bytes."""

import sys

import matplotlib
import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import SettingError
from chainrule.explanation import count_layers
from chainrule.plotting import (
    draw_calibration,
    draw_confusion,
    draw_curves,
    draw_network,
    draw_residuals,
    format_of,
    save_figure,
)

RANDOM = np.random.default_rng(0)
HISTORY = {"train_loss": [1.0, 0.5, 0.2], "validation_loss": [1.1, 0.7, 0.9]}


def texts(figure):
    return [text.get_text() for panel in figure.axes for text in panel.texts]


def drawn_network(layers, in_shape, inputs=(), outputs=()):
    network = cr.Network(layers)
    params, state, _ = network.init(cr.ops.key_from_seed(0), in_shape)
    weights = [p.get("weight") if isinstance(p, dict) else None for p in params]
    counted = count_layers(network, params, state, in_shape)
    return draw_network(counted, weights, in_shape, inputs, outputs)


def test_curves_show_both_losses_and_the_epoch_that_was_kept():
    (panel,) = draw_curves(HISTORY, 2, "CrossEntropy").axes
    training, validation, _, kept = panel.get_lines()
    assert training.get_ydata().tolist() == HISTORY["train_loss"]
    assert validation.get_xdata().tolist() == [1, 2, 3]
    assert (kept.get_xdata()[0], kept.get_ydata()[0]) == (2, 0.7)
    assert panel.get_yscale() == "linear"
    assert panel.get_ylabel() == "CrossEntropy"


def test_curves_show_each_heads_own_losses_in_a_panel_beside_the_sum():
    own = {"train_box_loss": [4.0, 0.3], "train_two words_loss": [0.2, 0.01]}
    judged = {"validation_box_loss": [3.0, 0.4], "validation_two words_loss": [0.3, 0.2]}
    both, each = draw_curves(HISTORY | own | judged, 2, "box + two words").axes
    assert [text.get_text() for text in both.get_legend().get_texts()][:2] == [
        "training",
        "validation",
    ]
    lines = {line.get_label(): line for line in each.get_lines()}
    assert list(lines) == [
        *("box, training", "two words, training", "box, validation", "two words, validation"),
    ]
    assert lines["box, validation"].get_ydata().tolist() == [3.0, 0.4]
    assert lines["box, validation"].get_color() == lines["box, training"].get_color()
    assert lines["box, validation"].get_linestyle() != lines["box, training"].get_linestyle()
    assert (both.get_yscale(), each.get_yscale()) == ("linear", "log")
    assert len(draw_curves(HISTORY | {"train_box_loss": [1.0, 0.5, 0.2]}, 2, "box").axes) == 1
    many = {f"train_head {i}_loss": [1.0, 0.5] for i in range(7)}
    assert len(draw_curves(HISTORY | many, 2, "mse").axes[1].get_lines()) == 7


def test_curves_are_logarithmic_where_the_loss_falls_far_and_survive_odd_histories():
    (panel,) = draw_curves({"train_loss": [100.0, 1.0, 0.01]}, None, "mse").axes
    assert panel.get_yscale() == "log"
    draw_curves({"train_loss": [0.0, 0.0]}, None, "mse")
    draw_curves({"train_loss": [1.0]}, 1, "mse")
    draw_curves({"train_loss": [float("nan"), 1.0]}, 2, "mse")


def test_a_confusion_matrix_has_every_count_and_share():
    counts = np.array([[8, 2], [0, 5]])
    figure = draw_confusion(counts, ["no", "yes"], "answer")
    assert texts(figure) == ["8\n80 %", "2\n20 %", "·", "5\n100 %"]
    panel = figure.axes[0]
    assert panel.get_title(loc="left") == "answer: 86.7 % of 15 rows right"
    assert [tick.get_text() for tick in panel.get_yticklabels()] == ["no", "yes"]


@pytest.mark.parametrize("size", [1, 9, 26, 60])
def test_a_confusion_matrix_of_any_size_is_drawn(size):
    counts = RANDOM.integers(0, 9, (size, size))
    figure = draw_confusion(counts, [f"class {i}" * (i % 3 + 1) for i in range(size)], "y")
    assert len(texts(figure)) == (size * size if size <= 25 else 0)
    assert max(figure.get_size_inches()) < 13


@pytest.mark.parametrize("rows", [1, 30, 400, 5000])
def test_residuals_are_true_minus_predicted(rows, tmp_path):
    truth = RANDOM.normal(size=rows)
    predicted = truth + RANDOM.normal(size=rows)
    figure = draw_residuals(truth, predicted, "price")
    left, right = figure.axes[:2]
    assert left.get_xlim() == left.get_ylim()
    points = right.collections[0].get_offsets()
    if rows <= 3000:
        assert np.allclose(points[:, 1], truth - predicted)
    save_figure(figure, tmp_path / "f.png")


def test_calibration_shows_the_bins_that_have_rows():
    bins = np.zeros((10, 7))
    bins[:, 0], bins[:, 1] = np.arange(10) / 10, np.arange(1, 11) / 10
    bins[7] = [0.7, 0.8, 4, 0.75, 0.5, 0.2, 0.8]
    panel = draw_calibration(bins, 0.25, "answer").axes[0]
    assert panel.get_title(loc="left") == "answer: off by 25.0 points on average"
    assert [line.get_xdata().tolist() for line in panel.get_lines()][1] == [0.75]


def test_a_dense_network_has_a_circle_a_neuron_and_a_line_a_weight():
    figure = drawn_network(
        [cr.nn.Dense(3), cr.nn.ReLU(), cr.nn.Dense(1)], (2,), ["age", "height"], ["price"]
    )
    (panel,) = figure.axes
    assert sum(len(c.get_offsets()) for c in panel.collections) == 2 + 3 + 1
    assert len(panel.get_lines()) == 2 * 3 + 3 * 1
    assert {"age", "height", "price", "2 inputs", "Dense(3)\nReLU", "Dense(1)"} <= set(
        texts(figure)
    )


def test_of_a_wide_layer_the_rest_is_counted():
    figure = drawn_network([cr.nn.Dense(40), cr.nn.Dense(2)], (3,))
    assert "30 weaker" in texts(figure)


def test_of_many_inputs_the_strongest_are_drawn():
    network = cr.Network([cr.nn.Dense(2), cr.nn.ReLU(), cr.nn.Dense(1)])
    weight = np.full((40, 2), 0.01)
    strong = [3, *range(14, 22), 30]
    weight[strong, 1] = -1.0
    params = [
        {"weight": weight, "bias": np.zeros(2)},
        {},
        network.init(cr.ops.key_from_seed(0), (40,))[0][2],
    ]
    layers = count_layers(network, params, [{}, {}, {}], (40,), "float64")
    names = [f"column {i}" for i in range(40)]
    figure = draw_network(layers, [weight, None, params[2]["weight"]], (40,), names, ["y"])
    said = texts(figure)
    assert [text for text in said if text.startswith("column")] == [names[i] for i in strong]
    assert "30 weaker" in said


def test_other_networks_are_boxes_with_shapes():
    layers = [cr.nn.Residual(cr.Network([cr.nn.Dense(4)])), cr.nn.Flatten(), cr.nn.Dense(1)]
    figure = drawn_network(layers, (3, 4))
    assert {"Residual(Dense(4))", "Flatten", "Dense(1)", "3 × 4", "12"} <= set(texts(figure))


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_the_same_figure_is_the_same_bytes(ending, tmp_path):
    files = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.{ending}"
        save_figure(draw_curves(HISTORY, 2, "mse"), path)
        files.append(path.read_bytes())
    assert files[0] == files[1]
    assert len(files[0]) > 5000


def test_the_settings_of_the_user_neither_matter_nor_change(tmp_path):
    save_figure(draw_curves(HISTORY, 2, "mse"), tmp_path / "ours.svg")
    with matplotlib.rc_context({"font.size": 30, "axes.titlelocation": "right"}):
        save_figure(draw_curves(HISTORY, 2, "mse"), tmp_path / "theirs.svg")
        assert matplotlib.rcParams["font.size"] == 30
    assert (tmp_path / "ours.svg").read_bytes() == (tmp_path / "theirs.svg").read_bytes()


def test_other_formats_are_refused():
    for name in ("figure.pdf", "figure", "figure.svg.txt"):
        with pytest.raises(SettingError, match=r"\.svg or \.png"):
            format_of(name)
    assert format_of("A.PNG") == "png"


def test_without_matplotlib_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.colors", None)
    with pytest.raises(SettingError, match="Type: pip install matplotlib"):
        draw_curves(HISTORY, 2, "mse")

"""Networks with several outputs: one loss a head, one training, answers by name."""

import re
from dataclasses import dataclass

import numpy as np
import pytest

import chainrule as cr
from chainrule import losses, nn, optim
from chainrule.autodiff import leaves, value_and_grad
from chainrule.data import HeadTargets, Targets
from chainrule.errors import ChainruleError, NonFiniteError, SettingError, ShapeError
from chainrule.training.prepare import hold_out
from chainrule.training.step import Task, gradient_of

RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(60, 4))
LABELS = np.array(["low", "middle", "high"])[np.digitize(X[:, 0], [-0.4, 0.4])]
BOXES = X[:, 1:3] + 0.1 * RANDOM.normal(size=(60, 2))
Y = {"class": LABELS, "box": BOXES}
LOSS = {"class": "cross_entropy", "box": "huber"}
CLASS, BOX = nn.Dense(3), nn.Dense(2)
ENGINES = pytest.mark.parametrize("engine", ["numpy", "xla"])


def network(**heads):
    return cr.Network([nn.Dense(8), nn.Tanh(), nn.Heads(heads or {"class": CLASS, "box": BOX})])


def fit(net=None, X=X, y=Y, loss=LOSS, **settings):
    settings = {"epochs": 5, "optimizer": optim.Adam(0.02), "engine": "numpy", **settings}
    return cr.fit(network() if net is None else net, X, y, loss=loss, **settings)


def same(one, other):
    return all(a.tobytes() == b.tobytes() for a, b in zip(leaves(one), leaves(other), strict=True))


def test_the_loss_is_the_weighted_sum_worked_by_hand():
    loss = losses.head_losses({"a": "mse", "b": "cross_entropy"}, {"a": 3.0})
    targets = {"a": np.array([[1.0], [0.0]]), "b": np.array([0, 1], "int32")}
    outputs = {"a": np.array([[3.0], [0.5]]), "b": np.zeros((2, 2))}
    np.testing.assert_allclose(
        loss(targets, outputs), [3 * 4 + np.log(2), 3 * 0.25 + np.log(2)], rtol=1e-12
    )
    assert loss.targets == {"a": "numbers", "b": "classes"}


@ENGINES
def test_every_head_answers_in_the_terms_of_its_targets(engine):
    model = fit(epochs=60, engine=engine, batch_size=10)
    found = model.predict(X)
    assert list(found) == ["box", "class"]
    assert (found["class"] == LABELS).mean() > 0.9
    assert np.abs(found["box"] - BOXES).mean() < np.abs(BOXES).mean() / 3
    chances = model.predict_proba(X)
    assert list(chances) == ["class"]
    np.testing.assert_allclose(chances["class"].sum(1), 1, rtol=1e-6)


def test_one_column_and_yes_or_no_are_read_back_too():
    heads = nn.Heads({"yes": nn.Dense(1), "size": nn.Dense(1), "sign": nn.Dense(1)})
    y = {"yes": X[:, 0] > 0, "size": X[:, 1], "sign": np.where(X[:, 2] > 0, "up", "down")}
    loss = {"yes": "binary_cross_entropy", "size": "mse", "sign": "hinge"}
    model = fit(cr.Network([heads]), X, y, loss, epochs=40)
    found = model.predict(X)
    assert {name: answer.shape for name, answer in found.items()} == dict.fromkeys(y, (60,))
    assert found["yes"].dtype == bool
    assert (found["sign"] == y["sign"]).mean() > 0.8
    assert model.predict_proba(X)["yes"].shape == (60, 2)


def test_rows_beyond_one_chunk_are_put_together(monkeypatch):
    model = fit()
    whole = model.predict(X)
    monkeypatch.setattr("chainrule.model.running.CHUNK", 7)
    np.testing.assert_allclose(model.predict(X)["box"], whole["box"], rtol=1e-5)
    assert (model.predict(X)["class"] == whole["class"]).all()


def test_no_head_with_probabilities_is_said():
    model = fit(network(a=nn.Dense(2)), y={"a": BOXES}, loss={"a": "mse"}, epochs=1)
    with pytest.raises(SettingError, match="no probabilities"):
        model.predict_proba(X)


def test_activations_that_a_loss_contains_are_left_off_in_every_head():
    plain = fit(network(**{"class": nn.Network([CLASS]), "box": BOX}))
    ended = network(**{"class": nn.Network([CLASS, nn.Softmax()]), "box": BOX})
    model = fit(ended)
    assert same(model.params, plain.params)
    assert same(model.predict_proba(X), plain.predict_proba(X))
    direct = cr.Network([nn.Heads({"class": nn.Softmax(), "box": nn.Sigmoid()})])
    model = fit(direct, X[:, :3], {"class": LABELS, "box": X[:, :3] > 0},
                {"class": "cross_entropy", "box": "binary_cross_entropy"}, epochs=1)  # fmt: skip
    assert (model.outputs(X[:, :3])["class"] == X[:, :3].astype("float32")).all()


@ENGINES
def test_a_head_of_weight_0_leaves_the_others_the_same_bits(engine):
    """Heads get their first weights by their place among the names, so "box" has the same."""
    alone = fit(network(box=BOX), y={"box": BOXES}, loss={"box": "huber"}, engine=engine)
    both = fit(loss_weights={"class": 0}, engine=engine)
    assert same(both.params[:2], alone.params[:2])
    assert same(both.params[2]["box"], alone.params[2]["box"])
    assert both.history == alone.history
    untouched = network().init(cr.ops.fold_in(cr.ops.key_from_seed(0), 0), (4,))[0]
    assert same(both.params[2]["class"], untouched[2]["class"])


def test_a_head_that_does_not_count_has_zero_gradients():
    net = network()
    params, state, _ = net.init(cr.ops.key_from_seed(0), (4,))
    task = Task(net, losses.head_losses(LOSS, {"class": 0.0}), optim.Adam())
    batch = {"x": X, "y": {"class": np.zeros(60, "int32"), "box": BOXES}}
    batch["share"] = np.full(60, 1 / 60)
    step = {"key": cr.ops.key_from_seed(1), "step": np.asarray(0, "int32")}
    _, grads = gradient_of(task, record=False)(params, state, batch, step, task.rates())
    found = dict(zip(["bias0", "weight0", "box bias", "box weight", "bias", "weight"], grads,
                     strict=True))  # fmt: skip
    assert not found["bias"].any()
    assert not found["weight"].any()
    assert found["box weight"].all()
    assert found["weight0"].all()


def test_a_weight_twice_as_large_is_the_loss_twice():
    one, two = fit(epochs=1, batch_size=None), fit(epochs=1, batch_size=None,
                                                   loss_weights={"class": 2, "box": 2})  # fmt: skip
    np.testing.assert_allclose(
        two.history["train_loss"], 2 * np.array(one.history["train_loss"]), rtol=1e-6
    )


@ENGINES
def test_the_history_has_each_heads_own_loss_whatever_it_counts(engine):
    """One step an epoch: the loss of the start, and after the last step that of the model."""
    held = (X[:25], {name: y[:25] for name, y in Y.items()})
    settings = {"engine": engine, "batch_size": None, "dtype": "float64", "validation": held}
    model = fit(epochs=2, loss_weights={"box": 3.0}, **settings)
    assert list(model.history) == [
        *("train_loss", "learning_rate", "train_box_loss", "train_class_loss"),
        *("validation_loss", "validation_box_loss", "validation_class_loss"),
    ]
    one = fit(epochs=1, loss_weights={"box": 3.0}, **settings)
    box, label = own_losses(one, X, Y)
    assert model.history["train_box_loss"][1] == pytest.approx(box, rel=1e-12)
    assert model.history["train_class_loss"][1] == pytest.approx(label, rel=1e-12)
    box, label = own_losses(one, *held)
    assert model.history["validation_box_loss"][0] == pytest.approx(box, rel=1e-12)
    assert model.history["validation_class_loss"][0] == pytest.approx(label, rel=1e-12)


def own_losses(model, X, y):
    outputs = model.outputs(X)
    classes = np.searchsorted(model.targets.heads["class"].classes, y["class"])
    parts = model.loss.parts({"box": y["box"], "class": classes}, outputs)
    return parts["box"].mean(), parts["class"].mean()


@ENGINES
def test_the_heads_losses_add_up_to_the_loss_in_every_epoch(engine, monkeypatch):
    monkeypatch.setattr("chainrule.training.prepare.VALIDATION_CHUNK", 5)
    weight = RANDOM.uniform(0.5, 2, 60)
    found = fit(
        loss_weights={"box": 3.0, "class": 0.5}, sample_weight=weight, batch_size=7,
        validation=0.2, engine=engine, dtype="float64",
    ).history  # fmt: skip
    for part in "train", "validation":
        heads = 3 * np.array(found[f"{part}_box_loss"]) + np.array(found[f"{part}_class_loss"]) / 2
        np.testing.assert_allclose(heads, found[f"{part}_loss"], rtol=1e-12)


def test_a_head_that_does_not_count_and_a_single_output_have_no_loss_of_their_own():
    found = fit(loss_weights={"class": 0}).history
    assert found["train_box_loss"] == found["train_loss"]
    assert "train_class_loss" not in found
    single = fit(cr.Network([nn.Dense(2)]), y=BOXES, loss="mse", validation=0.2).history
    assert list(single) == ["train_loss", "learning_rate", "validation_loss"]


def test_what_watches_a_run_sees_each_heads_loss(capsys):
    seen = []
    model = fit(validation=0.2, callbacks=[seen.append], progress=True)
    assert [p.train_losses["box"] for p in seen] == model.history["train_box_loss"]
    assert [p.validation_losses["class"] for p in seen] == model.history["validation_class_loss"]
    assert re.search(
        r"5/5  loss \S+ \(box \S+, class \S+\)  validation \S+ \(box", capsys.readouterr().err
    )
    alone = []
    fit(cr.Network([nn.Dense(2)]), y=BOXES, loss="mse", callbacks=[alone.append], progress=True)
    assert (alone[0].train_losses, alone[0].validation_losses) == ({}, {})
    assert "(" not in capsys.readouterr().err


def test_rows_of_weight_0_change_nothing():
    weight = (np.arange(60) % 3 > 0).astype(float)
    odd = {
        "class": np.where(weight > 0, LABELS, "low"),
        "box": BOXES + 100 * (weight == 0)[:, None],
    }
    assert same(fit(sample_weight=weight).params, fit(y=odd, sample_weight=weight).params)


def test_validation_keeps_the_best_weights():
    model = fit(validation=0.2, epochs=40, patience=3, optimizer=optim.Adam(0.3))
    judged = model.history["validation_loss"]
    assert model.card["best_epoch"] == 1 + int(np.argmin(judged))
    held = fit(validation=(X[:20], {name: y[:20] for name, y in Y.items()}))
    assert len(held.history["validation_loss"]) == 5


@pytest.mark.parametrize("seed", range(4))
def test_a_held_part_has_the_proportions_of_the_first_head_with_classes(seed):
    rare = np.repeat([0, 1], [50, 10])
    targets = HeadTargets({"box": Targets("numbers", 2), "class": Targets("classes", 2, [0, 1])})
    data = {"x": X, "y": {"box": BOXES, "class": rare}}
    kept, weights, held = hold_out(data, np.ones(60), 0.2, targets, cr.ops.key_from_seed(seed))
    assert np.bincount(held["y"]["class"]).tolist() == [10, 2]
    assert len(kept["y"]["box"]) == len(weights) == 48


def test_a_model_goes_on_from_its_own_weights_with_its_own_losses(tmp_path):
    model = fit(loss_weights={"box": 2.0})
    more = cr.fit(model, X, Y, epochs=1, engine="numpy")
    assert more.loss == model.loss
    assert more.history["train_loss"][0] < model.history["train_loss"][0]
    other = cr.fit(model, X, Y, epochs=1, engine="numpy", loss_weights={"box": 0.0})
    assert dict(other.loss.heads)["box"].weight == 0


def test_the_file_keeps_heads_with_their_labels(tmp_path):
    whole = np.digitize(X[:, 3], [0.0])
    net = network(**{"class": CLASS, "box": BOX, "side": nn.Dense(2)})
    model = fit(net, y={**Y, "side": whole}, loss={**LOSS, "side": "cross_entropy"},
                loss_weights={"box": 0.5}, validation=0.2)  # fmt: skip
    model.save(tmp_path / "heads.safetensors")
    again = cr.load(tmp_path / "heads.safetensors")
    assert again.loss == model.loss
    assert again.targets.kind == model.targets.kind
    assert again.history == model.history
    assert {"train_side_loss", "validation_class_loss"} <= set(again.history)
    for name, answer in model.predict(X).items():
        assert (again.predict(X)[name] == answer).all()
        assert again.predict(X)[name].dtype == answer.dtype


def test_a_resumed_run_ends_in_the_same_bits(tmp_path, monkeypatch):
    monkeypatch.setattr("chainrule.training.checkpoint.SHORTEST", 0.0)
    settings = {"validation": 0.2, "checkpoint": tmp_path / "run", "loss_weights": {"box": 2.0}}
    fit(epochs=3, **settings)
    more = fit(epochs=6, resume=True, **settings)
    assert more.history == fit(epochs=6, validation=0.2, loss_weights={"box": 2.0}).history
    with pytest.raises(SettingError, match="another run"):
        fit(epochs=6, resume=True, **{**settings, "loss_weights": {"box": 1.0}})


def test_heads_may_answer_for_every_step_and_for_the_whole_sequence(tmp_path):
    lengths = np.array([3, 5, 2, 4] * 5)
    values = RANDOM.normal(size=(20, 5, 2))
    whole = np.array([row[:n, 1].sum() for row, n in zip(values, lengths, strict=True)])
    y = {"step": values[:, :, 0] > 0, "whole": whole}
    net = cr.Network([
        nn.LSTM(4, sequences=True),
        nn.Heads({"step": nn.Dense(2), "whole": nn.Network([nn.LSTM(3), nn.Dense(1)])}),
    ])  # fmt: skip
    settings = {"loss": {"step": "cross_entropy", "whole": "mse"}, "validation": 0.2}
    padded = np.where(np.arange(5)[None, :, None] < lengths[:, None, None], values, 7e7)
    one = fit(net, {"values": values, "lengths": lengths}, y, epochs=3, **settings)
    other = fit(net, {"values": padded, "lengths": lengths}, y, epochs=3, **settings)
    assert same(one.params, other.params)
    found = one.predict({"values": values, "lengths": lengths})
    assert found["step"]["values"].shape == (20, 5)
    assert found["whole"].shape == (20,)
    one.save(tmp_path / "steps.safetensors")
    again = cr.load(tmp_path / "steps.safetensors").predict({"values": padded, "lengths": lengths})
    assert (again["whole"] == found["whole"]).all()


def test_the_head_that_breaks_is_named():
    far = {"class": LABELS, "box": BOXES * 1e30}
    with pytest.raises(NonFiniteError, match="loss of the head 'box'"):
        fit(y=far, loss={"class": "cross_entropy", "box": "mse"})
    wide = network(**{"class": CLASS, "box": nn.Dense(2, bias_init=nn.Constant(1e38))})
    net = cr.Network([*wide.layers[:-1], nn.Heads({
        "class": CLASS, "box": nn.Network([nn.Dense(2, bias_init=nn.Constant(1e38)), nn.Dense(2)])
    })])  # fmt: skip
    with pytest.raises(NonFiniteError, match="layer 2, Heads 'box'") as caught:
        fit(net, optimizer=optim.GradientDescent(0.1))
    assert caught.value.layer == "layer 2, Heads 'box'"


def test_a_loss_of_ones_own_must_give_one_value_an_example():
    with pytest.raises(ShapeError, match="Head 'box'"):
        fit(loss={"class": "cross_entropy", "box": lambda y, z: (y - z) ** 2})
    own = fit(loss={"class": "cross_entropy", "box": lambda y, z: ((y - z) ** 2)[:, 0]})
    assert np.isfinite(own.history["train_loss"]).all()


def test_an_image_a_table_and_a_nested_pair_are_joined():
    """Branches of any rank and dtype: a small convolution, numbers, and indices inside a branch."""
    parts = {
        "image": RANDOM.normal(size=(60, 6, 6, 1)),
        "row": X,
        "where": {"city": RANDOM.integers(0, 5, 60), "height": RANDOM.normal(size=(60, 2))},
    }
    image = cr.Network([nn.Conv2D(2, 3), nn.ReLU(), nn.Flatten(), nn.Dense(4)])
    where = nn.Branches({"city": nn.Embedding(5, 4), "height": nn.Dense(4)}, join="sum")
    branches = nn.Branches({"image": image, "row": nn.Dense(4), "where": where})
    net = cr.Network([branches, nn.ReLU(), nn.Heads({"class": CLASS, "box": BOX})])
    one, other = (fit(net, parts, engine=e, epochs=30, dtype="float64") for e in ("numpy", "xla"))
    assert one.in_shape["where"] == {"city": (), "height": (2,)}
    assert one.params[0]["where"]["city"]["table"].shape == (5, 4)
    for a, b in zip(leaves(one.params), leaves(other.params), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    assert one.history["train_loss"][-1] < 0.7 * one.history["train_loss"][0]
    assert sum(layer.parameters for layer in cr.inspect(one).layers) == one.parameters


def test_a_model_of_nested_inputs_survives_its_file(tmp_path):
    parts = {"row": X, "where": {"city": np.arange(60) % 5, "height": X[:, :2]}}
    where = nn.Branches({"city": nn.Embedding(5, 4), "height": nn.Dense(4)}, join="sum")
    net = cr.Network([nn.Branches({"row": nn.Dense(4), "where": where}), nn.Dense(2)])
    model = fit(net, parts, BOXES, "mse", epochs=1)
    model.save(tmp_path / "nested.safetensors")
    again = cr.load(tmp_path / "nested.safetensors")
    assert again.network == model.network
    assert (again.predict(parts) == model.predict(parts)).all()
    with pytest.raises(ShapeError, match="height"):
        again.predict({**parts, "where": {**parts["where"], "height": X}})


def test_a_part_of_the_network_that_nothing_uses_has_zero_gradients():
    """Of two layers on one input only the first one's output goes on."""
    net = cr.Network([nn.Heads({"used": nn.Dense(3), "unused": nn.Dense(3)}), First(), BOX])
    params, state, _ = net.init(cr.ops.key_from_seed(0), (4,))
    _, grads = value_and_grad(lambda p: cr.ops.sum(net.apply(p, state, X)[0]))(params)
    assert all(not g.any() for g in leaves(grads[0]["unused"]))
    assert all(g.any() for g in leaves(grads[0]["used"]))


@dataclass(frozen=True)
class First:
    """Hands one of several named inputs on."""

    def init(self, key, in_shape):
        return {}, {}, in_shape["used"]

    def apply(self, params, state, x, context):
        return x["used"], state


CAUSES = {
    "one loss": (lambda: fit(loss="mse"), ["heads ['box', 'class']", "a loss for each"]),
    "a loss is missing": (lambda: fit(loss={"class": "mse"}), ["no loss for 'box'"]),
    "a loss too many": (lambda: fit(loss={**LOSS, "size": "mse"}), ["'size'", "no head"]),
    "losses and one output": (
        lambda: fit(cr.Network([nn.Dense(2)]), y=BOXES),
        ["['box', 'class']", "one output", "cr.nn.Heads"],
    ),
    "a loss nobody knows": (lambda: fit(loss={**LOSS, "box": "hubert"}), ["'hubert'", "huber"]),
    "no loss": (lambda: fit(loss=None), ["needs a loss"]),
    "one array of targets": (lambda: fit(y=BOXES), ["ndarray", "2 heads", "'box': …"]),
    "targets are missing": (lambda: fit(y={"box": BOXES}), ["y lacks 'class'"]),
    "targets too many": (lambda: fit(y={**Y, "size": BOXES}), ["'size'", "no head"]),
    "targets of a dict for one output": (
        lambda: fit(cr.Network([nn.Dense(2)]), loss="mse"),
        ["y is a dict", "cr.nn.Heads"],
    ),
    "rows differ": (lambda: fit(y={**Y, "box": BOXES[:9]}), ["'box': 9", "'class': 60"]),
    "rows differ from X": (lambda: fit(X=X[:9]), ["9 rows", "60"]),
    "columns": (lambda: fit(y={**Y, "box": X}), ["y['box']", "2 outputs", "Dense(4)"]),
    "a class too many": (
        lambda: fit(y={**Y, "class": np.arange(60)}),
        ["y['class']", "60 classes", "Dense(60)"],
    ),
    "a weight for no head": (lambda: fit(loss_weights={"bok": 1}), ["'bok'", "'box'"]),
    "weights that are none": (lambda: fit(loss_weights=2.0), ["2.0", "dict"]),
    "a negative weight": (lambda: fit(loss_weights={"box": -1}), ["-1", "at least 0"]),
    "all weights 0": (lambda: fit(loss_weights={"box": 0, "class": 0}), ["nothing would"]),
    "weights for one loss": (
        lambda: fit(cr.Network([nn.Dense(2)]), y=BOXES, loss="mse", loss_weights={"box": 1}),
        ["loss_weights", "every head"],
    ),
    "class weights": (lambda: fit(class_weight="balanced"), ["class_weight", "loss_weights"]),
    "heads in heads": (
        lambda: fit(network(**{"class": CLASS, "box": nn.Heads({"a": BOX})})),
        ["'box'", "['a']", "one cr.nn.Heads"],
    ),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_what_does_not_fit_is_said_with_a_cure(cause):
    act, words = CAUSES[cause]
    with pytest.raises(ChainruleError) as caught:
        act()
    assert all(word in str(caught.value) for word in words), caught.value
    assert "\n" not in str(caught.value)

"""A model file gives back the very model, or a ModelFileError with the reason."""

import dataclasses
import stat
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import chainrule as cr
from chainrule import losses, nn
from chainrule.autodiff import leaves
from chainrule.data import NUMBER, Column, HeadTargets, Table, Targets, fit_encoder
from chainrule.errors import ModelFileError, SettingError
from chainrule.model.container import read_container, write_container
from chainrule.model.registry import BUILT_IN
from tests.model.samples import LAYERS, model_with, rows_for


def saved(model, folder, name="m.safetensors"):
    model.save(folder / name)
    return folder / name


def test_every_built_in_layer_has_a_sample():
    layers = {
        name for name, part in BUILT_IN.items() if hasattr(part, "init") and hasattr(part, "apply")
    }
    assert layers - set(LAYERS) == set()


CROSS = (nn.MultiHeadAttention(2), {"queries": (3, 4), "memory": (5, 6)})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [*LAYERS, "cross-attention"])
def test_predictions_and_all_fields_survive_bit_for_bit(tmp_path, name, dtype):
    layer, in_shape = LAYERS.get(name, CROSS)
    model = model_with(layer, in_shape, dtype)
    again = cr.load(saved(model, tmp_path))
    for field in ("network", "loss", "in_shape", "dtype", "history", "card", "encoder"):
        assert getattr(again, field) == getattr(model, field), field
    for one, other in ((model.params, again.params), (model.state, again.state)):
        for a, b in zip(leaves(one), leaves(other), strict=True):
            assert a.dtype == b.dtype
            assert a.tobytes() == b.tobytes()
    X = rows_for(in_shape)
    for one, other in zip(leaves(again.outputs(X)), leaves(model.outputs(X)), strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("loss", [make() for make in losses.LOSSES.values()], ids=str)
def test_every_loss_survives(tmp_path, loss):
    model = model_with(nn.Dense(1), (3,), loss=loss, targets=Targets(loss.targets, 1))
    assert cr.load(saved(model, tmp_path)).loss == loss


@pytest.mark.parametrize("labels", [["Adelie", "Zügel"], [3, 5], [False, True]], ids=str)
def test_heads_survive_with_their_labels_and_weights(tmp_path, labels):
    heads = nn.Heads({"a": nn.Dense(2), "b": nn.Dense(3), "c": nn.Dense(1)})
    targets = {
        "a": Targets("classes", 2, np.array(labels)),
        "b": Targets("numbers", 3, None, False),
        "c": Targets("signs", 1, np.array([7, 9])),
    }
    named = {"a": losses.CrossEntropy(0.1), "b": "mae", "c": "hinge"}
    loss = losses.head_losses(named, {"a": 0.0, "b": 2.5})
    model = model_with(heads, (3,), targets=HeadTargets(targets), loss=loss)
    again = cr.load(saved(model, tmp_path))
    assert again.loss == loss
    assert again.targets.kind == model.targets.kind
    for name, answer in model.predict(rows_for((3,))).items():
        assert again.predict(rows_for((3,)))[name].dtype == answer.dtype
        assert again.predict(rows_for((3,)))[name].tolist() == answer.tolist()


@pytest.mark.parametrize("name", [n for n, p in BUILT_IN.items() if n.endswith(("form", "mal"))])
def test_every_initializer_survives(tmp_path, name):
    model = model_with(nn.Dense(2, BUILT_IN[name]()), (3,))
    assert cr.load(saved(model, tmp_path)).network == model.network


@pytest.mark.parametrize(
    "classes",
    [
        np.array(["Adelie", "Zügel", ""]),
        np.array([3, 5, 8]),
        np.array([0.0, 1.0, 2.0]),
        np.array([1, 2, 3], "uint8"),
    ],
    ids=lambda labels: str(labels.dtype),
)
def test_class_labels_survive_with_their_type(tmp_path, classes):
    targets = Targets("classes", 3, classes)
    model = model_with(nn.Dense(3), (2,), targets=targets, loss=losses.CrossEntropy())
    again = cr.load(saved(model, tmp_path))
    assert again.targets.classes.dtype == classes.dtype
    X = rows_for((2,))
    assert again.predict(X).tolist() == model.predict(X).tolist()


def test_a_model_from_fit_survives_and_goes_on_learning(tmp_path):
    X = np.random.default_rng(0).normal(size=(50, 4))
    network = cr.Network([nn.Dense(5), nn.BatchNorm(), nn.ReLU(), nn.Dense(2), nn.Softmax()])
    model = cr.fit(network, X, X[:, 0] > 0, loss="cross_entropy", epochs=3, engine="numpy")
    again = cr.load(saved(model, tmp_path))
    assert again.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()
    more = [cr.fit(m, X, X[:, 0] > 0, epochs=2, engine="numpy") for m in (model, again)]
    assert more[0].predict_proba(X).tobytes() == more[1].predict_proba(X).tobytes()


def test_a_history_without_epochs_survives(tmp_path):
    model = model_with(nn.Dense(1), (3,), history={"train_loss": []})
    assert cr.load(saved(model, tmp_path)).history == {"train_loss": []}


def test_an_encoder_survives(tmp_path):
    names = np.array([0, 1, -1, 0], "int32")
    columns = (
        Column("size", NUMBER, np.array([1.5, np.nan, 2.5, 0.1])),
        Column("town", "category", names, ("Köln", "Rome")),
    )
    table = Table(columns, 4, "the table")
    encoder = fit_encoder(table, ["size", "town"], columns[0].take([0, 2, 3]))
    model = replace(model_with(nn.Dense(1), (encoder.width,)), encoder=encoder)
    again = cr.load(saved(model, tmp_path))
    assert again.encoder == encoder
    assert again.predict(table).tobytes() == model.predict(table).tobytes()


def test_the_safetensors_package_reads_the_arrays(tmp_path):
    model = model_with(nn.BatchNorm(), (3,))
    arrays = load_file(saved(model, tmp_path))
    assert set(arrays) == {
        *("params.0.scale", "params.0.offset", "state.0.mean", "state.0.variance"),
        *("history.train_loss", "history.learning_rate"),
    }
    assert arrays["params.0.scale"].tobytes() == model.params[0]["scale"].tobytes()


def test_the_same_model_gives_the_same_file(tmp_path):
    model = model_with(*LAYERS["Branches"])
    one, other = (saved(model, tmp_path, name).read_bytes() for name in ("a", "b"))
    assert one == other


def test_a_file_adds_little_to_its_numbers(tmp_path):
    model = model_with(nn.Dense(300), (1000,))
    assert saved(model, tmp_path).stat().st_size < 4 * model.parameters + 65536


def test_saving_replaces_a_file_whole_and_leaves_nothing_beside_it(tmp_path):
    path = saved(model_with(nn.Dense(4), (3,)), tmp_path)
    path.chmod(0o640)
    saved(model_with(nn.Dense(9), (3,)), tmp_path)
    assert cr.load(path).network.layers[0].units == 9
    assert [p.name for p in tmp_path.iterdir()] == ["m.safetensors"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


# Damage: nothing but ModelFileError, whatever is done to the bytes.


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    layer = nn.Network([nn.Dense(4), nn.BatchNorm(), RATED, nn.Dense(2)])
    targets = Targets("classes", 2, np.array(["no", "yes"]))
    model = model_with(layer, (3,), targets=targets, loss=losses.CrossEntropy(0.1))
    return saved(model, tmp_path_factory.mktemp("whole")).read_bytes()


RATED = nn.LeakyReLU(0.2)


def refused(tmp_path, content):
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelFileError) as caught:
        cr.load(path)
    return str(caught.value)


def test_what_is_no_model_file_is_said(tmp_path):
    assert "safetensors format" in refused(tmp_path, b"")
    assert "safetensors format" in refused(tmp_path, b"species,island\nAdelie,Biscoe\n")
    assert "not proper JSON" in refused(tmp_path, (10).to_bytes(8, "little") + b"{no json}}")
    assert "no network of chainrule" in refused(tmp_path, (2).to_bytes(8, "little") + b"{}")
    deep = b"[" * 100_000
    assert "JSON" in refused(tmp_path, len(deep).to_bytes(8, "little") + deep)
    with pytest.raises(ModelFileError, match="No such file"):
        cr.load(tmp_path / "nothing.safetensors")
    with pytest.raises(ModelFileError, match="not a file"):
        cr.load(tmp_path)


def rewritten(tmp_path, whole, change, name="changed.safetensors"):
    """The whole file with its document and arrays changed and a fitting checksum."""
    path = tmp_path / name
    path.write_bytes(whole)
    document, arrays = read_container(path)
    change(document, arrays)
    write_container(path, document, arrays)
    return path


def set_at(*keys):
    """A change of one value in the document."""
    *way, last, value = keys

    def change(document, arrays):
        inner = document
        for key in way:
            inner = inner[key]
        inner[last] = value

    return change


def of_arrays(function):
    return lambda document, arrays: function(arrays)


LAYER = ("network", "layers", 0, "layers")

REST = {"target": None, "further": []}
CHANGES = {
    "another version": (set_at("version", 99), "version 99"),
    "a missing part": (lambda d, a: d.pop("card"), "'card'"),
    "a part too many": (set_at("code", "print()"), "'code'"),
    "no network": (set_at("network", {"type": "ReLU"}), "network is none"),
    "an unknown layer": (set_at(*LAYER, 0, {"type": "Magic"}), r"cr\.register\(Magic\)"),
    "a layer that is a path": (set_at(*LAYER, 0, {"type": "os.system"}), "no proper part"),
    "a layer that is a list": (set_at(*LAYER, 0, {"type": ["Dense"]}), "no proper part"),
    "a string for a layer": (set_at(*LAYER, 0, "Dense"), "cannot be"),
    "a field too many": (set_at(*LAYER, 0, "color", 1), "color"),
    "a field of another type": (set_at(*LAYER, 0, "units", "4"), "units"),
    "a truth for a number": (set_at(*LAYER, 2, "slope", True), "slope"),
    "text for a rate": (set_at(*LAYER, 2, "slope", "0.1"), "slope"),
    "a layer for an initializer": (set_at(*LAYER, 0, "bias_init", {"type": "ReLU"}), "bias_init"),
    "units below 1": (set_at(*LAYER, 0, "units", -4), "above 0"),
    "units of a giant": (set_at(*LAYER, 0, "units", 10**12), "smaller"),
    "other units": (set_at(*LAYER, 0, "units", 5), "needs float32"),
    "another input": (set_at("in_shape", [4]), "needs float32"),
    "a giant input": (set_at("in_shape", [10**12]), "in_shape"),
    "no shape": (set_at("in_shape", "3"), "in_shape"),
    "another dtype": (set_at("dtype", "float64"), "needs float64"),
    "an unknown dtype": (set_at("dtype", "float8"), "dtype is unknown"),
    "a loss that is a layer": (set_at("loss", {"type": "Step"}), "loss is none"),
    "a loss out of range": (set_at("loss", "label_smoothing", 7), "label_smoothing"),
    "an unknown function": (set_at("loss", {"function": "mine"}), r"cr\.register\(mine\)"),
    "a function that is a class": (set_at("loss", {"function": "Dense"}), "Dense"),
    "a class that is a layer": (set_at("encoder", {"type": "Step"}), "encoder is none"),
    "targets of another kind": (set_at("targets", "kind", "magic"), "unknown kind"),
    "other outputs": (set_at("targets", "outputs", 3), "targets do not fit"),
    "labels of another type": (set_at("targets", "classes", [1, 2]), "labels"),
    "too few labels": (set_at("targets", "classes", ["no"]), "number of class labels"),
    "no targets": (set_at("targets", None), "targets"),
    "history without arrays": (set_at("history", ["other"]), "history.other"),
    "history of no names": (set_at("history", [1]), "history"),
    "a card that is a list": (set_at("card", []), "card is none"),
    "a code that is none": (
        set_at("encoder", {"type": "Encoder", "codes": [{"type": "ReLU"}]} | REST),
        "codes",
    ),
    "a missing array": (of_arrays(lambda a: a.pop("params.0.0.weight")), "params.0.0.weight"),
    "an array too many": (of_arrays(lambda a: a.update(b=np.zeros(1))), "'b'"),
    "another shape": (
        of_arrays(lambda a: a.update({"params.0.0.weight": np.zeros((4, 3), "float32")})),
        "params.0.0.weight",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_document_that_does_not_fit_is_refused_with_the_reason(tmp_path, whole, name):
    change, reason = CHANGES[name]
    path = rewritten(tmp_path, whole, change)
    with pytest.raises(ModelFileError, match=reason):
        cr.load(path)


# Parts of your own.


@dataclass(frozen=True)
class Shift:
    by: float = 1.0
    shape: tuple[int, ...] = (1, 2)
    words: dict[str, str] | None = None

    def init(self, key, in_shape):
        return {"extra": np.zeros(in_shape, "float32")}, {}, in_shape

    def apply(self, params, state, x, context):
        return x + self.by + params["extra"], state


def cubic(targets, outputs):
    return abs(targets - outputs)[:, 0] ** 3


@pytest.fixture
def nothing_registered(monkeypatch):
    monkeypatch.setattr("chainrule.model.registry._registered", {})


@pytest.mark.usefixtures("nothing_registered")
def test_a_layer_of_your_own_is_refused_until_registered(tmp_path):
    model = model_with(Shift(2.5, (3, 4), {"a": "b"}), (3,))
    path = saved(model, tmp_path)
    with pytest.raises(ModelFileError, match=r"write cr\.register\(Shift\) before loading"):
        cr.load(path)
    assert cr.register(Shift) is Shift
    again = cr.load(path)
    assert again.network == model.network
    assert again.predict(rows_for((3,))).tobytes() == model.predict(rows_for((3,))).tobytes()


@pytest.mark.usefixtures("nothing_registered")
def test_a_loss_function_is_kept_by_its_name(tmp_path):
    path = saved(model_with(nn.Dense(1), (3,), loss=cubic), tmp_path)
    with pytest.raises(ModelFileError, match=r"write cr\.register\(cubic\) before loading"):
        cr.load(path)
    cr.register(cubic)
    assert cr.load(path).loss is cubic


@pytest.mark.usefixtures("nothing_registered")
def test_what_cannot_be_registered_is_said():
    with pytest.raises(SettingError, match="takes a dataclass"):
        cr.register(Shift())
    with pytest.raises(SettingError, match="chainrule has a Dense itself"):
        cr.register(dataclasses.make_dataclass("Dense", []))
    with pytest.raises(SettingError, match="def my_loss"):
        cr.register(lambda targets, outputs: outputs)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"loss": lambda targets, outputs: outputs}, "lambda"),
        ({"card": {"when": np.datetime64("2026-01-01")}}, "card"),
        ({"card": {"score": float("nan")}}, "card"),
        ({"targets": Targets("classes", 2, np.array(["2026-01-01"], "M8[D]"))}, "labels"),
    ],
)
def test_what_a_file_cannot_keep_is_said_when_saving(tmp_path, fields, reason):
    with pytest.raises(ModelFileError, match=reason):
        model_with(nn.Dense(2), (3,), **fields).save(tmp_path / "m.safetensors")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("by", [np.zeros(3), float("inf"), Path(), {1: 2}], ids=str)
def test_fields_that_are_no_plain_values_are_refused_when_saving(tmp_path, by):
    model = replace(model_with(Shift(), (3,)), network=nn.Network([Shift(by)]))
    with pytest.raises(ModelFileError, match=r"the network, .*Shift\.by"):
        model.save(tmp_path / "m.safetensors")

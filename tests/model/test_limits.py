"""What a file cannot keep is said when it is saved, and whatever was saved can be loaded."""

import dataclasses
import os
import sys
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

import chainrule as cr
from chainrule import losses, nn
from chainrule.data import (
    CATEGORY,
    NUMBER,
    Column,
    Encoder,
    Table,
    TargetCode,
    Targets,
    fit_encoder,
)
from chainrule.errors import ModelFileError
from chainrule.model import container, example_numbers, file, target_parts
from chainrule.model.container import read_container, write_container
from chainrule.model.descriptions import fits
from chainrule.model.strict_json import DEPTH_LIMIT, NUMBER_LIMIT, from_text, to_text
from chainrule.model.structure import AXES_LIMIT, LARGEST, is_shape, structure_of
from chainrule.nn import initializers
from tests.model.samples import BRANCHES, model_with, rows_for


def saved(model, folder):
    model.save(folder / "m.safetensors")
    return cr.load(folder / "m.safetensors")


def code_of(numbers):
    """How a column of numbers is written for a network."""
    column = Column("a", NUMBER, np.array(numbers))
    return fit_encoder(Table((column,), len(numbers), "table"), ["a"], column).codes[0]


def nested(depth):
    layer = nn.Tanh()
    for _ in range(depth):
        layer = nn.Network([layer])
    return layer


# JSON.


@pytest.mark.parametrize("deep", [0, 1])
def test_documents_are_as_deep_as_said_and_no_deeper(deep):
    text = '{"a":' + "[" * (DEPTH_LIMIT - 1 + deep) + "]" * (DEPTH_LIMIT - 1 + deep) + "}"
    if deep:
        with pytest.raises(ValueError, match="more than 32 deep"):
            from_text(text)
    else:
        assert to_text(from_text(text)) == text


@pytest.mark.parametrize("number", [NUMBER_LIMIT, -NUMBER_LIMIT, 2**53 + 1, 0, True, None, 1e-320])
def test_numbers_survive_as_they_are(number):
    again = from_text(to_text({"a": number}))["a"]
    assert again == number
    assert type(again) is type(number)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (NUMBER_LIMIT + 1, "too large"),
        (-NUMBER_LIMIT - 1, "too large"),
        (float("nan"), "nan is no finite number"),
        (float("-inf"), "-inf is no finite number"),
        (np.float32("inf"), "inf is no finite number"),
        ("\udcff", "not proper Unicode"),
        ({"\ud800": 1}, "not proper Unicode"),
        ({1: "a", "1": "b"}, "a name occurs twice"),
        (..., "of type ellipsis"),
        (b"bytes", "of type bytes"),
        ({(1, 2): 3}, "keys must be"),
    ],
    ids=str,
)
def test_what_json_cannot_keep_is_refused_with_the_reason(value, reason):
    with pytest.raises(ValueError, match=reason):
        to_text({"a": [value]})


def test_an_endless_nesting_is_refused_and_does_not_end_the_process():
    endless = []
    for _ in range(10 * sys.getrecursionlimit()):
        endless = [endless]
    with pytest.raises(ValueError, match="more than 32 deep"):
        to_text({"a": endless})


def test_text_is_kept_in_ascii_and_read_back():
    text = to_text({"ü": ["企鵝", "🐧", "\0\x1b\u2028"], "numpy": [np.int64(3), np.float32(0.5)]})
    assert text.isascii()
    assert " " not in text
    assert from_text(text) == {"ü": ["企鵝", "🐧", "\0\x1b\u2028"], "numpy": [3, 0.5]}


# Models.


def test_a_network_may_be_nested_as_deep_as_a_file_can_hold(tmp_path):
    depth = next(d for d in range(40) if not fits_in_a_file(nested(d), tmp_path)) - 1
    assert depth == 14
    model = model_with(nested(depth), (3,))
    assert saved(model, tmp_path).network == model.network
    with pytest.raises(ModelFileError, match="cannot be kept as JSON: it is nested more than 32"):
        model_with(nested(depth + 1), (3,)).save(tmp_path / "deeper")


def fits_in_a_file(layer, folder):
    try:
        model_with(layer, (3,)).save(folder / "try")
    except ModelFileError:
        return False
    return True


@pytest.mark.parametrize("card", [{"when": float("nan")}, {"a": "\ud800"}, {"a": {1: 2, "1": 3}}])
def test_a_card_that_could_not_be_loaded_is_not_saved(tmp_path, card):
    with pytest.raises(ModelFileError, match="cannot be kept as JSON"):
        model_with(nn.Dense(1), (3,), card=card).save(tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_names_of_branches_that_make_one_name_of_two_are_refused(tmp_path):
    twice = nn.Branches({"a": nn.Branches({"b": nn.Dense(1)}), "a.b": nn.Dense(1)})
    model = model_with(twice, {"a": {"b": (2,)}, "a.b": (2,)})
    with pytest.raises(ModelFileError, match="leave dots out of the names"):
        model.save(tmp_path / "m")


def test_numbers_of_a_kind_that_no_file_holds_are_refused(tmp_path):
    model = model_with(nn.Dense(1), (3,))
    model.params[0]["bias"] = np.zeros(1, "complex64")
    with pytest.raises(ModelFileError, match=r"'params\.0\.bias' has dtype complex64"):
        model.save(tmp_path / "m")


def test_arrays_of_every_kind_and_order_survive(tmp_path):
    arrays = {
        **{name: np.arange(12).reshape(3, 4).astype(name) for name in container.DTYPES.values()},
        "big endian": np.arange(3, dtype=">f8"),
        "across": np.arange(12.0).reshape(3, 4).T,
        "reversed": np.arange(5, dtype="int32")[::-1],
        "alone": np.float32(0.1),
        "none": np.zeros((0, 7)),
        "33 ü": np.zeros((1,) * AXES_LIMIT, bool),
    }
    write_container(tmp_path / "m", {"a": 1}, arrays)
    document, again = read_container(tmp_path / "m")
    assert document == {"a": 1}
    assert set(again) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(again[name], array)
        assert again[name].dtype == array.dtype.newbyteorder("<")
        assert again[name].flags.c_contiguous
        assert again[name].flags.writeable
    assert (tmp_path / "m").read_bytes()[:8] == (container_header(tmp_path / "m")).to_bytes(
        8, "little"
    )
    assert container_header(tmp_path / "m") % 8 == 0


def container_header(path):
    return int.from_bytes(path.read_bytes()[:8], "little")


def test_an_array_larger_than_a_piece_survives(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, 3 * container.CHUNK // 2, "uint8")
    write_container(tmp_path / "m", {}, {"a": array})
    assert (read_container(tmp_path / "m")[1]["a"] == array).all()


def test_a_file_that_shrinks_while_it_is_read_is_refused(tmp_path, monkeypatch):
    write_container(tmp_path / "m", {}, {"a": np.zeros(1000)})
    size = (tmp_path / "m").stat().st_size
    os.truncate(tmp_path / "m", size - 8)
    status = (tmp_path / "m").stat()
    longer = os.stat_result([*status[:6], size, *status[7:]])
    monkeypatch.setattr(os, "fstat", lambda _: longer)
    with pytest.raises(ModelFileError, match="ends in the middle of an array"):
        read_container(tmp_path / "m")


def test_a_file_beyond_the_memory_is_refused(tmp_path, monkeypatch):
    write_container(tmp_path / "m", {}, {"a": np.zeros(1000)})

    def none_left(*_):
        raise MemoryError

    monkeypatch.setattr(np, "empty", none_left)
    with pytest.raises(ModelFileError, match="needs more memory than there is"):
        read_container(tmp_path / "m")


@pytest.mark.parametrize(("letter", "times"), [("x", 3), ("ü", 6)])
def test_the_cost_of_a_header_is_reckoned_to_the_byte(tmp_path, monkeypatch, letter, times):
    document = {letter: [1, 2, {"b": []}]}
    write_container(tmp_path / "m", document, {"a": np.zeros(2)})
    content = (tmp_path / "m").read_bytes()
    header = content[8:-16]
    values = sum(header.count(sign) for sign in b",:[{")
    needed = times * len(header) + container.BYTES_PER_VALUE * values - 2 * len(content)
    monkeypatch.setattr(container, "SPARE_MEMORY", needed)
    assert read_container(tmp_path / "m")[0] == document
    monkeypatch.setattr(container, "SPARE_MEMORY", needed - 1)
    with pytest.raises(ModelFileError, match="more values than a model"):
        read_container(tmp_path / "m")


@pytest.mark.parametrize("limit", ["HEADER_LIMIT", "SPARE_MEMORY"])
def test_a_description_that_could_not_be_loaded_is_not_saved(tmp_path, monkeypatch, limit):
    model = model_with(nn.Dense(1), (3,))
    model.save(tmp_path / "m")
    monkeypatch.setattr(container, limit, 100)
    with pytest.raises(ModelFileError, match="too many layers, columns, labels or categories"):
        model.save(tmp_path / "m")
    with pytest.raises(ModelFileError, match=r"the most is 100|more values than a model"):
        cr.load(tmp_path / "m")


def test_a_model_of_20_000_columns_can_be_kept(tmp_path):
    code = code_of([1.2345, 2.3456, -0.1234])
    codes = tuple(replace(code, column=f"gene_{i:05}") for i in range(20_000))
    columns = [{"name": c.column, "kind": "number", "missing": 0, "values": 0} for c in codes]
    model = model_with(nn.Dense(64), (20_000,), card={"columns": columns})
    encoder = Encoder(codes, TargetCode("y", NUMBER))
    assert saved(replace(model, encoder=encoder), tmp_path).encoder == encoder


def test_labels_longer_than_the_model_are_refused_when_saving(tmp_path):
    half = target_parts.LABELS_LIMIT // 2
    for length, short in ((half, True), (half + 1, False)):
        targets = Targets("classes", 2, np.array(["a", "b" * length]))
        model = model_with(nn.Dense(2), (1,), targets=targets, loss=losses.CrossEntropy())
        if short:
            assert saved(model, tmp_path).targets.classes.tolist() == targets.classes.tolist()
        else:
            with pytest.raises(ModelFileError, match="labels are too long"):
                model.save(tmp_path / "m")


@pytest.mark.parametrize(("epochs", "every"), [(10, 1), (11, 2), (20, 2), (21, 3)])
def test_an_endless_history_is_thinned_and_said(tmp_path, monkeypatch, epochs, every):
    monkeypatch.setattr(file, "HISTORY_LIMIT", 20)
    numbers = [float(i) for i in range(epochs)]
    model = model_with(nn.Dense(1), (3,), history={"train_loss": numbers, "rate": numbers})
    if every == 1:
        assert saved(model, tmp_path).history == model.history
    else:
        with pytest.warns(UserWarning, match=f"keeps one epoch of {every}"):
            model.save(tmp_path / "m.safetensors")
        again = cr.load(tmp_path / "m.safetensors").history
        assert again == {"train_loss": numbers[::every], "rate": numbers[::every]}


def test_numbers_of_numpy_in_fields_are_kept_as_plain_ones(tmp_path):
    model = model_with(nn.Dense(1), (3,))
    rated = replace(model, network=nn.Network([nn.LeakyReLU(np.float32(0.25)), nn.Dense(1)]))
    rated = replace(rated, params=({}, model.params[0]), state=({}, {}))
    assert saved(rated, tmp_path).network.layers[0].slope == 0.25


def test_outputs_of_any_shape_survive(tmp_path):
    model = model_with(nn.Dense(4), (2, 3))
    assert model.targets.kind == "any"
    again = saved(model, tmp_path)
    assert again.targets == model.targets
    X = rows_for((2, 3))
    assert again.outputs(X).tobytes() == model.outputs(X).tobytes()


# Structure.


def test_the_structure_of_a_network_of_any_size_takes_no_memory():
    wide = nn.Network([nn.Dense(10**6), nn.Dense(10**6)])
    params, _, out_shape = structure_of(wide, (10**6,), 10**13)
    assert params[1]["weight"].shape == (10**6, 10**6)
    assert params[1]["weight"].strides == (0, 0)
    assert out_shape == (10**6,)
    with pytest.raises(ModelFileError, match="the file is smaller"):
        structure_of(wide, (10**6,), 10**12)


@pytest.mark.parametrize("layer", [nn.BatchNorm(), nn.LayerNorm()])
def test_norms_as_wide_as_the_file_allows_are_believed(layer):
    width = LARGEST // 4
    assert structure_of(nn.Network([layer]), (width,), 0)[2] == (width,)
    with pytest.raises(ModelFileError, match="the file is smaller"):
        structure_of(nn.Network([layer]), (width + 1,), 0)
    assert structure_of(nn.Network([layer]), (width + 1,), 4 * (width + 1))[2] == (width + 1,)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.MultiHeadAttention(1), (2, 2**10)),
        (nn.MultiHeadAttention(1), {"queries": (2, 2), "memory": (2, 2**19)}),
        (nn.TransformerBlock(1), {"values": (2, 2**9), "lengths": ()}),
        (nn.TransformerBlock(1, hidden=2**20), (2, 2)),
        (nn.PositionalEncoding(learned=True), (2**11, 2**10)),
    ],
    ids=str,
)
def test_layers_that_draw_by_themselves_are_refused_before_they_do(monkeypatch, layer, shape):
    for name in ("random_uniform", "random_normal"):
        monkeypatch.setattr(initializers, name, None)
    with pytest.raises(ModelFileError, match="the file is smaller"):
        structure_of(nn.Network([layer]), shape, 0)


def test_5000_layers_are_believed_and_no_more():
    most = nn.Network([nn.ReLU()] * 4999)
    assert structure_of(most, (3,), 0)[2] == (3,)
    with pytest.raises(ModelFileError, match="more than 5000 layers"):
        structure_of(nn.Network([most]), (3,), 0)


@pytest.mark.parametrize(
    ("shape", "proper"),
    [
        ((), True),
        ((0, LARGEST), True),
        ((LARGEST + 1,), False),
        ((-1,), False),
        ((True,), False),
        ((2.0,), False),
        ((1,) * AXES_LIMIT, True),
        ((1,) * (AXES_LIMIT + 1), False),
        ({"a": (1,), "b": ()}, True),
        ({"a": 1}, False),
        ({"a": {"b": (1,)}}, True),
        ({"a": {"b": 1}}, False),
        ("3", False),
        (None, False),
    ],
    ids=str,
)
def test_what_is_a_shape(shape, proper):
    assert is_shape(shape) is proper


def test_numbers_made_of_an_example_are_counted():
    layers = nn.Network([nn.Dense(5), nn.ReLU(), nn.Flatten(), nn.Residual(nn.Dense(10))])
    assert example_numbers(layers, (2, 3)) == 10 + 10 + 10 + 10
    assert example_numbers(nn.Network([BRANCHES]), {"city": (), "numbers": (3,)}) == 2 + 2


@dataclass(frozen=True)
class Splitting:
    """A layer with named outputs."""

    def init(self, key, in_shape):
        return {}, {}, {"a": in_shape, "b": (*in_shape, 2)}

    def apply(self, params, state, x, context):
        return {"a": x, "b": x}, state


def test_named_outputs_are_counted_too():
    joined = nn.Branches({"a": nn.Dense(1), "b": nn.Flatten()})
    assert example_numbers(nn.Network([Splitting(), joined]), (3,)) == 3 + 6 + 1 + 6


@pytest.mark.parametrize(
    ("value", "annotation", "proper"),
    [
        (True, "bool", True),
        (1, "bool", False),
        ("a", "str", True),
        (1, "str", False),
        (None, "None", True),
        (0, "None", False),
        (1, "int", True),
        (1.0, "int", False),
        (True, "int", False),
        (True, "float", False),
        (1, "float", True),
        ("1", "float", False),
        (1e308, "float", False),
        (-1e308, "float", False),
        (9e307, "float", True),
        (1, "str | None", False),
        ("a", "str | None", True),
        (None, "float | None", True),
        (True, "int | bool", True),
        ((), "tuple[int, ...]", True),
        ((1, 2), "tuple[int, ...]", True),
        ((1, "a"), "tuple[int, ...]", False),
        ([1], "tuple[int, ...]", False),
        ((1, "a"), "tuple[int | str, ...]", True),
        ((None,), "tuple[int | str, ...]", False),
        ((1, "a"), "tuple[int, str]", True),
        ("anything", "list[int, ...]", True),
        ("anything", "Any", True),
        (nn.ReLU(), "Layer", True),
        (nn.Zeros(), "Layer", False),
        (nn.ReLU(), "ReLU", True),
        (nn.Tanh(), "ReLU", False),
        (nn.Zeros(), "Initializer", True),
        (nn.ReLU(), "Initializer", False),
        (losses.Hinge(), "Initializer", False),
        (3, "Initializer", False),
        (None, "Initializer | None", True),
    ],
)
def test_what_may_stand_in_a_field(value, annotation, proper):
    assert fits(value, annotation) is proper


# Targets and encoders.


@pytest.mark.parametrize("kind", ["binary", "signs"])
@pytest.mark.parametrize("labels", [["no", "yes"], [False, True], [-1.5, 2.5], None])
def test_answers_of_two_labels_survive(tmp_path, kind, labels):
    loss = {"binary": losses.BinaryCrossEntropy, "signs": losses.Hinge}[kind]()
    classes = None if labels is None else np.array(labels)
    model = model_with(nn.Dense(1), (2,), targets=Targets(kind, 1, classes), loss=loss)
    again = saved(model, tmp_path)
    assert again.predict(rows_for((2,))).tolist() == model.predict(rows_for((2,))).tolist()


@pytest.mark.parametrize("count", [1, 3])
def test_answers_of_other_than_two_labels_are_refused(tmp_path, count):
    targets = Targets("binary", 1, np.arange(count))
    model = model_with(nn.Dense(1), (2,), targets=targets, loss=losses.BinaryCrossEntropy())
    with pytest.raises(ModelFileError, match="another number of class labels"):
        saved(model, tmp_path)


CODE = code_of([1.0, 2.0])
Y, NAME = TargetCode("y", NUMBER), TargetCode("z", CATEGORY)


@pytest.mark.parametrize(
    ("encoder", "outputs", "proper"),
    [
        (Encoder((CODE, CODE), Y), 3, True),
        (Encoder((CODE, CODE), Y, (Y, Y)), 3, True),
        (Encoder((CODE, CODE), Y, (Y,)), 3, False),
        (Encoder((CODE, CODE), NAME), 3, False),
        (Encoder((CODE, CODE), Y, (Y, NAME)), 3, False),
        (Encoder((CODE,), Y), 3, False),
        (Encoder((), Y), 3, False),
    ],
)
def test_an_encoder_must_fit_its_network(tmp_path, encoder, outputs, proper):
    model = replace(model_with(nn.Dense(outputs), (2,)), encoder=encoder)
    if proper:
        assert saved(model, tmp_path).encoder == encoder
    else:
        with pytest.raises(ModelFileError, match="encoder does not fit its network"):
            saved(model, tmp_path)


def test_an_encoder_of_labels_goes_with_classes(tmp_path):
    targets = Targets("classes", 2, np.array(["a", "b"]))
    model = model_with(nn.Dense(2), (1,), targets=targets, loss=losses.CrossEntropy())
    model = replace(model, encoder=Encoder((CODE,), NAME))
    assert saved(model, tmp_path).encoder == model.encoder


# Parts of the caller's own.


@dataclass(frozen=True, slots=True)
class Slotted:
    """A layer without a dict, with a field that follows from another."""

    by: float = 1.0
    twice: float = field(init=False, default=0.0)

    def __post_init__(self):
        object.__setattr__(self, "twice", 2 * self.by)

    def init(self, key, in_shape):
        return {"scale": np.ones(in_shape, "float32")}, {}, in_shape

    def apply(self, params, state, x, context):
        return x * self.twice * params["scale"], state


@dataclass(frozen=True)
class Typed:
    type: str = "a"
    init, apply = Slotted.init, Slotted.apply


@dataclass(frozen=True)
class Raising:
    """A layer that raises what it likes."""

    when: str = "never"

    def __post_init__(self):
        if self.when == "made":
            raise KeyError("made")

    def init(self, key, in_shape):
        if self.when == "started":
            raise RuntimeError("started\nbadly")
        if self.when == "exhausted":
            raise MemoryError
        return {}, {}, in_shape

    def apply(self, params, state, x, context):
        return x, state


@dataclass(frozen=True)
class Holding:
    """A layer that holds others, and takes named inputs."""

    inner: nn.Layer

    def init(self, key, in_shape):
        return self.inner.init(key, in_shape["a"])

    def apply(self, params, state, x, context):
        return self.inner.apply(params, state, x["a"], context.child(0))


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setattr("chainrule.model.registry._registered", {})
    for part in (Slotted, Typed, Raising, Holding):
        cr.register(part)


def test_a_layer_with_slots_and_fields_that_follow_survives(tmp_path):
    model = model_with(Slotted(3.0), (3,))
    again = saved(model, tmp_path)
    assert again.network == model.network
    assert again.network.layers[0].twice == 6
    X = rows_for((3,))
    assert again.outputs(X).tobytes() == model.outputs(X).tobytes()


def test_a_layer_that_holds_others_survives(tmp_path):
    model = model_with(Holding(nn.Dense(2)), {"a": (3,)})
    again = saved(model, tmp_path)
    assert again.network == model.network
    X = {"a": rows_for((3,))}
    assert again.outputs(X).tobytes() == model.outputs(X).tobytes()


def test_a_field_called_type_is_refused(tmp_path):
    with pytest.raises(ModelFileError, match="Typed has a field called 'type'"):
        model_with(Typed(), (3,)).save(tmp_path / "m")


def test_a_part_with_the_name_of_another_is_refused(tmp_path):
    fake = dataclasses.make_dataclass(
        "Dense", [], frozen=True, namespace={"init": Slotted.init, "apply": Slotted.apply}
    )
    model = replace(model_with(nn.Dense(1), (3,)), network=nn.Network([fake()]))
    with pytest.raises(ModelFileError, match="but chainrule has a Dense itself"):
        model.save(tmp_path / "m")


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ("made", "the network: 'made'"),
        ("started", "cannot be built: started"),
        ("exhausted", "too large to be built"),
    ],
)
def test_whatever_a_part_of_the_callers_own_raises_is_said(tmp_path, when, reason):
    model = model_with(Raising(), (3,))
    object.__setattr__(model.network.layers[0], "when", when)
    model.save(tmp_path / "m")
    with pytest.raises(ModelFileError, match=reason):
        cr.load(tmp_path / "m")

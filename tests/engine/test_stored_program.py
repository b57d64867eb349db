"""Programs of whole trainings on disk: found without tracing, and never in place of another."""

import json
import stat
import subprocess
import sys

import jax
import numpy as np
import pytest

from chainrule import losses, ops
from chainrule.autodiff.primitive import PRIMITIVES
from chainrule.engine import UnspelledError, spelled, windows
from chainrule.engine.disk_cache import cache_folder, prepare
from chainrule.engine.spelling import loaded_code
from chainrule.engine.stored_program import SUFFIX, program_name
from chainrule.engine.xla_engine import XlaEngine
from chainrule.nn import Dense
from chainrule.ops import counting

TRAIN = """
import hashlib, json
import jax
import numpy as np
import chainrule as cr
from chainrule.autodiff import leaves
from chainrule.engine import keep_programs_on_disk
from chainrule.nn import *
keep_programs_on_disk({keep})
compiling = []
jax.monitoring.register_event_duration_secs_listener(lambda name, *_, **__: compiling.append(name))
X = np.random.default_rng(0).normal(size=(64, *{shape})).astype("float32")
SCALE = {scale}
def own(y, out):
    return SCALE * (out - y)[:, 0] ** 2
model = cr.fit(cr.Network({layers}), X, X.reshape(64, -1)[:, 0], loss={loss}, epochs=3,
               batch_size=16, validation=0.25, engine="xla", callbacks=[lambda progress: None])
digest = hashlib.sha256(b"".join(x.tobytes() for x in leaves((model.params, model.state))))
compiled = sum(name.startswith("/jax/core/compile") for name in compiling)
print(json.dumps([compiled, digest.hexdigest(), model.history, model.card["streams"]]))
"""
DENSE = {"shape": (5,), "layers": "[Dense(4), Tanh(), Dense(1)]", "loss": "own"}
IMAGES = {
    "shape": (8, 8, 1),
    "layers": "[Conv2D(4, 3), BatchNorm(), ReLU(), Flatten(), Dense(1)]",
    "loss": "'mse'",
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def train(case, scale=1.0, keep=True):
    program = TRAIN.format(**case, scale=scale, keep=keep)
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)


def stored():
    return list(cache_folder().glob(f"*{SUFFIX}"))


@pytest.mark.parametrize(("case", "streams"), [(DENSE, 1), (IMAGES, 2)], ids=["one", "two"])
def test_a_later_process_traces_nothing_and_has_the_same_bits(home, case, streams):
    first = train(case)
    assert first[0] > 0
    assert first[3] == streams
    assert train(case) == [0, *first[1:]]
    assert train(case, keep=False)[1:] == first[1:]
    [file] = stored()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_number_that_a_loss_reads_makes_another_program(home):
    first, other = train(DENSE), train(DENSE, scale=2.0)
    assert other[0] > 0
    assert other[2]["train_loss"][0] > 1.5 * first[2]["train_loss"][0]
    assert len(stored()) == 2
    assert train(DENSE, scale=2.0) == [0, *other[1:]]


ARGUMENTS = ({"a": jax.numpy.zeros(3)}, jax.numpy.zeros(2))


@pytest.mark.parametrize(
    ("key", "arguments"),
    [
        ("other", ARGUMENTS),
        (("key",), ARGUMENTS),
        ("key", ({"b": ARGUMENTS[0]["a"]}, ARGUMENTS[1])),
        ("key", ({"a": jax.numpy.zeros(4)}, ARGUMENTS[1])),
        ("key", ({"a": jax.numpy.zeros(3, "int32")}, ARGUMENTS[1])),
    ],
)
def test_another_key_or_shape_has_another_name(key, arguments):
    assert program_name("key", ARGUMENTS) == program_name("key", ARGUMENTS) is not None
    assert program_name(key, arguments) not in (None, program_name("key", ARGUMENTS))


def test_another_setting_of_jax_has_another_name():
    usual = program_name("key", ARGUMENTS)
    with jax.default_matmul_precision("bfloat16"):
        assert program_name("key", ARGUMENTS) != usual
    with jax.enable_x64(True):
        assert program_name("key", ARGUMENTS) != usual
    assert program_name("key", ARGUMENTS) == usual


def other(self, *given):
    return given


@pytest.mark.parametrize(
    ("where", "name", "value"),
    [
        (windows, "CHUNK_NUMBERS", 7),
        (windows, "chunk_of", other),
        (Dense, "apply", other),
        (Dense, "bias", 7),
        (counting, "MOVES", frozenset()),
        (losses, "LOSSES", {"mse": losses.MeanSquaredError(), "array": np.ones(2)}),
        (PRIMITIVES["gelu"], "vjp", other),
        (PRIMITIVES["gelu"], "forward", other),
    ],
)
def test_code_that_was_changed_after_loading_has_another_name(monkeypatch, where, name, value):
    usual = loaded_code()
    monkeypatch.setattr(where, name, value, raising=False)
    assert loaded_code() != usual
    monkeypatch.undo()
    assert loaded_code() == usual


def test_what_has_no_text_of_its_own_is_not_kept():
    for key in (object(), lambda x: x, [].append):
        with pytest.raises(UnspelledError):
            spelled(("key", key))
        assert program_name(key, ARGUMENTS) is None
    assert program_name("key", (np.zeros(3),)) is None  # an array of no device yet
    assert spelled(ops.sum) == "chainrule.ops.reduce.sum"


@pytest.fixture
def engine(home, monkeypatch):
    made = XlaEngine()
    assert prepare(cache_folder())
    made._folder = cache_folder()
    return made


def doubled(given, unused):
    return {"twice": given["x"] * 2, "sum": (given["x"].sum(), {})}


@pytest.mark.parametrize("streams", [1, 2])
def test_a_file_that_is_no_program_is_written_anew(engine, streams):
    given = {"x": engine.put(np.arange(3.0, dtype="float32"), streams)}, engine.put(0, streams)

    def call(build):
        engine._programs.clear()
        run = engine.compile(build, "doubled", streams)
        return [jax.tree.map(np.asarray, run(*given)) for _ in range(3)]

    def not_traced(*_):
        pytest.fail("was traced")

    found = call(lambda: doubled)
    assert found[0]["twice"].tolist() == [0, 2, 4]
    assert found[0]["sum"][0] == 3
    [file] = stored()
    for damaged in (b"", b"null\nno code", file.read_bytes()[:-9]):
        file.write_bytes(damaged)
        assert str(call(lambda: doubled)) == str(found)
        assert str(call(lambda: not_traced)) == str(found)


def test_predictions_stay_with_jax(engine):
    engine.compile(lambda: doubled, "predict", parted=True)({"x": np.zeros(3, "float32")}, 0)
    assert not stored()


def test_a_full_disk_costs_no_run(engine, monkeypatch):
    given = {"x": engine.put(np.ones(2, "float32"))}, engine.put(0)

    def full(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(engine._folder), "write_bytes", full)
    found = engine.compile(lambda: doubled, "doubled")(*given)["sum"]
    assert float(np.asarray(found)[0]) == 2  # JAX's own comparison would want to write, too
    assert not list(engine._folder.iterdir())

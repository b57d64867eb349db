"""A program is compiled once for its structure and shapes; rates and data are mere numbers."""

import jax
import numpy as np
import pytest

import chainrule as cr
from chainrule import losses, nn, optim
from chainrule.engine import xla_engine

RANDOM = np.random.default_rng(2)
X = RANDOM.normal(size=(24, 3))
Y = RANDOM.normal(size=24)


@pytest.fixture
def compiled():
    """How many programs of ours were traced so far; jit traces again whenever a shape is new."""
    counts = []
    engine = xla_engine.XLA
    known, engine._programs = engine._programs, type(engine._programs)()
    folder, engine._folder = engine._folder, None
    compile_program = engine.compile

    def counting(build, key, streams=1, parted=False):
        def watched():
            program = build()

            def traced(*arguments):
                counts.append(key)
                return program(*arguments)

            return traced

        return compile_program(watched, key, streams, parted)

    engine.compile = counting
    yield counts
    del engine.compile
    engine._programs, engine._folder = known, folder


def fit(dropout=0.2, slope=0.1, loss=None, optimizer=None, units=4, X=X, y=Y, **settings):
    layers = [nn.Dense(units), nn.LeakyReLU(slope), nn.Dropout(dropout), nn.Dense(1)]
    return cr.fit(
        cr.Network(layers), X, y, loss=loss or losses.Huber(1.0), engine="xla",
        optimizer=optimizer or optim.Adam(0.01), **{"epochs": 2, "batch_size": 8, **settings},
    )  # fmt: skip


def test_a_change_of_rates_or_data_compiles_nothing(compiled):
    first = fit()
    assert len(compiled) == 1
    others = [
        fit(dropout=0.5),
        fit(slope=1.5),
        fit(loss=losses.Huber(0.3)),
        fit(optimizer=optim.Adam(0.1, beta1=0.5, epsilon=1e-3)),
        fit(optimizer=optim.Adam(optim.Cosine(0.1))),
        fit(optimizer=optim.Adam(optim.WarmUp(optim.Exponential(0.1)))),
        fit(X=X * 2, y=Y + 1),
        fit(seed=5),
        fit(epochs=9),
        fit(patience=3, tol=0.1),
    ]
    assert len(compiled) == 1
    for other in others[:7]:
        assert other.history["train_loss"][1:] != first.history["train_loss"][1:]


def test_a_change_of_structure_or_shape_compiles_once_more(compiled):
    fit()
    for number, change in enumerate(
        [
            {"units": 5},
            {"dropout": 0.0},
            {"optimizer": optim.Adam(0.01, l2=0.1)},
            {"validation": 0.25},
            {"X": X[:16], "y": Y[:16]},
        ],
        start=2,
    ):
        fit(**change)
        fit(**change)
        assert len(compiled) == number, change


def test_programs_kept_in_the_process_are_bounded(monkeypatch):
    engine = xla_engine.XlaEngine()
    monkeypatch.setattr(xla_engine, "CACHED_PROGRAMS", 3)
    for number in range(5):
        engine.compile(lambda: lambda x: x, number)
    assert list(engine._programs) == [2, 3, 4]
    engine.compile(lambda: pytest.fail("is known"), 2)
    engine.compile(lambda: lambda x: x, 5)
    assert list(engine._programs) == [4, 2, 5]


SCALE = 1.0


class Shift:
    """A layer that no key can be made of by hashing, and that is changed in place."""

    __hash__ = None

    def __init__(self, amounts):
        self.amounts = amounts

    def init(self, key, in_shape):
        return {}, {}, in_shape

    def apply(self, params, state, x, context):
        return x + self.amounts[0], state


def test_an_object_changed_in_place_is_noticed(compiled):
    shift = Shift([0.5])

    def first_loss(shift, rows=24):
        net = cr.Network([shift, nn.Dense(1)])
        model = cr.fit(net, X[:rows], Y[:rows], loss="mse", epochs=1, batch_size=None, engine="xla")
        plain = cr.fit(
            net, X[:rows], Y[:rows], loss="mse", epochs=1, batch_size=None, engine="numpy"
        )
        assert model.history["train_loss"] == pytest.approx(plain.history["train_loss"], rel=1e-5)
        return model.history["train_loss"][0]

    before = first_loss(shift)
    shift.amounts[0] = 7.0
    assert first_loss(shift) != pytest.approx(before, rel=1e-3)
    assert first_loss(Shift([0.5])) == before
    assert len(compiled) == 2
    first_loss(Shift([0.5]), rows=20)  # a new shape must not be traced with the changed object


def test_a_global_number_in_a_loss_is_noticed(monkeypatch, compiled):
    def loss(y, out):
        return SCALE * cr.ops.mean((out - y) ** 2, axis=1)

    before = fit(loss=loss).history["train_loss"][0]
    monkeypatch.setitem(globals(), "SCALE", 2.0)
    assert fit(loss=loss).history["train_loss"][0] == pytest.approx(2 * before, rel=0.2)
    assert len(compiled) == 2


def test_a_loss_that_has_no_key_is_compiled_every_time(compiled):
    numbers = iter([1.0] * 10)

    def loss(y, out):
        return cr.ops.mean((out - y) ** 2, axis=1) * next(numbers)

    fit(loss=loss)
    fit(loss=loss)
    assert len(compiled) == 2
    assert not xla_engine.XLA._programs


@pytest.mark.parametrize("engine", ["numpy", "xla"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_number_of_a_model_has_the_dtype_asked_for(engine, dtype):
    """Inputs of another dtype are converted at the border, whichever engine trains."""
    other = {"float32": "float64", "float64": "float32"}[dtype]
    layers = [nn.Dense(3), nn.BatchNorm(), nn.Dropout(0.1), nn.Dense(1)]
    model = cr.fit(
        cr.Network(layers), X.astype(other), Y.astype(other), loss="mse", epochs=2, batch_size=8,
        dtype=dtype, engine=engine, validation=0.25, sample_weight=np.ones(24),
    )  # fmt: skip
    arrays = jax.tree.leaves((model.params, model.state))
    assert all(type(x) is np.ndarray and x.dtype == dtype for x in arrays)
    assert model.dtype == dtype
    assert model.outputs(X).dtype == dtype


def test_double_precision_is_switched_on_for_the_run_alone():
    fit(dtype="float64")
    assert not jax.config.jax_enable_x64
    assert jax.numpy.ones(2).dtype == "float32"

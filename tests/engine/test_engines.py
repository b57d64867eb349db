"""Engines: how one is chosen, and that everything works where JAX is not installed."""

import subprocess
import sys

import numpy as np
import pytest

from chainrule.engine import choose_engine, engine_by_name, engines
from chainrule.errors import EngineError, SettingError

WITHOUT_JAX = """
import sys, warnings

class NoJax:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("jax", "jaxlib"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, NoJax())
import importlib.util
importlib.util.find_spec = lambda name, before=importlib.util.find_spec: (
    None if name == "jax" else before(name)
)
import numpy as np
import chainrule as cr
"""


def python(code):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )


def test_import_loads_no_jax_and_nothing_else_that_is_heavy():
    done = python(
        "import sys, chainrule\n"
        "heavy = 'jax jaxlib scipy sklearn torch pandas matplotlib polars rich click'.split()\n"
        "print(sorted(set(heavy) & set(sys.modules)))"
    )
    assert done.stdout == "[]\n", done.stderr


def test_training_on_numpy_loads_no_jax():
    done = python(
        "import sys, numpy as np, chainrule as cr\n"
        "X = np.ones((4, 2))\n"
        "cr.fit(cr.Network([cr.nn.Dense(3), cr.nn.Tanh(), cr.nn.Dense(1)]), X, [1, 2, 3, 4],\n"
        "       loss='mse', epochs=2, batch_size=None)\n"
        "print('jax' in sys.modules)"
    )
    assert done.stdout == "False\n", done.stderr


def test_without_jax_training_works_and_says_once_what_to_install():
    done = python(
        WITHOUT_JAX
        + """
X = np.random.default_rng(0).normal(size=(200, 3))
network = cr.Network([cr.nn.Dense(8), cr.nn.GELU(), cr.nn.Dropout(0.1), cr.nn.Dense(1)])
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("default")
    for seed in (1, 2):
        model = cr.fit(
            network, X, X[:, 0], loss="mse", epochs=10**6, max_time=0.3, batch_size=1, seed=seed
        )
print(model.card["engine"], [str(w.message) for w in said])
try:
    cr.fit(network, X, X[:, 0], loss="mse", engine="xla")
except cr.errors.EngineError as error:
    print(error)
"""
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first.startswith("numpy [")
    assert first.count("pip install jax") == 1
    assert "pip install jax" in second
    assert "engine='numpy'" in second


def test_auto_takes_numpy_for_short_runs_and_xla_for_long_ones():
    assert choose_engine(100, 1e4) == "numpy"
    assert choose_engine(10**6, 1e4) == "xla"
    assert choose_engine(10**5, 1e7) == "xla"


def test_auto_never_goes_back_to_numpy_when_a_run_gets_longer():
    for operations in (1e2, 1e4, 1e6, 1e8, 1e10):
        chosen = [choose_engine(steps, operations) for steps in 2 ** np.arange(30)]
        assert chosen == sorted(chosen)


def test_auto_is_a_rule_of_its_arguments_alone(monkeypatch):
    monkeypatch.setattr(engines, "jax_is_installed", lambda: False)
    assert choose_engine(100, 1e4) == "numpy"
    with pytest.warns(UserWarning, match="pip install jax"):
        assert choose_engine(10**6, 1e4) == "numpy"
    with pytest.raises(EngineError, match=r"pip install jax.*engine='numpy'"):
        engine_by_name("xla")


def test_an_unknown_engine_is_named_with_the_nearest():
    with pytest.raises(SettingError, match=r"'numppy'.*Did you mean 'numpy'.*auto"):
        engine_by_name("numppy")


@pytest.mark.parametrize("name", ["numpy", "xla"])
def test_an_engine_gives_back_what_it_was_given(name):
    engine = engine_by_name(name)
    assert engine.name == name
    for dtype in ("float32", "int32", "uint32", "bool"):
        array = np.array([[0, 1], [1, 0]], dtype)
        back = engine.get(engine.put(array))
        assert type(back) is np.ndarray
        assert back.dtype == dtype
        assert back.tolist() == array.tolist()
    with engine.precision("float64"):
        assert engine.get(engine.put(np.ones(2))).dtype == "float64"


OPTIONS = "import os\nfrom chainrule.engine import engine_by_name\n"
TELL = "print(engine_by_name('xla').options, os.environ.get('XLA_FLAGS'))"
STRAIGHT = "--xla_backend_extra_options=xla_cpu_disable_loop_unrolling"


@pytest.mark.parametrize(
    ("before", "code", "said"),
    [
        ("", "", f"{STRAIGHT} {STRAIGHT}"),
        ("--xla_dump_to=x", "", f"{STRAIGHT} --xla_dump_to=x {STRAIGHT}"),
        ("--xla_backend_extra_options=own", "", " --xla_backend_extra_options=own"),
        ("", "import jax\njax.numpy.ones(1)\n", " None"),
    ],
    ids=["alone", "beside the user's", "not over the user's", "not where JAX has run"],
)
def test_short_loops_are_not_written_out(before, code, said, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", before)
    if not before:
        monkeypatch.delenv("XLA_FLAGS")
    done = python(code + OPTIONS + TELL)
    assert (done.stdout.rstrip("\n"), done.stderr) == (said, "")

"""A program past JAX's dispatch gives what it would give for every call's rows and numbers."""

import jax
import numpy as np
import pytest

from chainrule.engine.xla_engine import XlaEngine

ROWS = {"a": np.arange(6.0, dtype="float32").reshape(1, 2, 3), "b": np.array([[1, 2]], "int32")}


def build():
    """Each stream adds its half, and both have the whole."""

    def program(numbers, rows):
        half = numbers["factor"] * rows["a"] / 2
        return {"sum": jax.lax.psum(half, "streams"), "rest": (rows["b"] + 1, numbers["unused"])}

    return program


@pytest.fixture
def engine():
    return XlaEngine()


def numbers(engine, factor):
    given = {"factor": np.float32(factor), "unused": np.zeros(2, "float32")}
    return {name: engine.put(x, 2) for name, x in given.items()}


def test_results_are_those_of_the_rows_and_numbers_of_every_call(engine):
    run = engine.compile(build, "a key", 2, direct=True)
    for factor, shift in ((2, 0), (3, 0), (3, 5)):
        rows = {"a": ROWS["a"] + np.float32(shift), "b": ROWS["b"] + shift}
        out = run(numbers(engine, factor), rows)
        assert sorted(out) == ["rest", "sum"]
        np.testing.assert_array_equal(engine.get(out["sum"]), factor * rows["a"])
        np.testing.assert_array_equal(engine.get(out["rest"][0]), rows["b"] + 1)
        assert out["rest"][1].tolist() == [0, 0]


def test_rows_of_another_width_become_those_of_the_first_call(engine):
    run = engine.compile(build, None, 2, direct=True)
    for _ in range(2):
        wide = {"a": ROWS["a"].astype("float64"), "b": ROWS["b"].astype("int64")}
        out = run(numbers(engine, 2), wide)
        assert [out["sum"].dtype, out["rest"][0].dtype] == ["float32", "int32"]
        np.testing.assert_array_equal(out["sum"], 2 * ROWS["a"])


def test_a_result_stays_when_its_rows_are_written_to(engine):
    run = engine.compile(build, None, 2, direct=True)
    rows = {name: x.copy() for name, x in ROWS.items()}
    out = engine.get(run(numbers(engine, 2), rows)["sum"])
    for x in rows.values():
        x[:] = 9
    run(numbers(engine, 7), rows)
    np.testing.assert_array_equal(out, 2 * ROWS["a"])


def test_a_known_key_is_the_same_program_and_can_be_forgotten(engine):
    given = numbers(engine, 2)
    run = engine.compile(build, "a key", 2, direct=True)
    run(given, ROWS)
    assert engine.compile(pytest.fail, "a key", 2, direct=True) is run
    run.clear_cache()
    np.testing.assert_array_equal(run(given, ROWS)["sum"], 2 * ROWS["a"])


def test_a_program_that_is_forgotten_while_it_is_called_ends_its_call(engine, monkeypatch):
    run, given = engine.compile(build, None, 2, direct=True), numbers(engine, 2)
    run(given, ROWS)
    put = run._put
    monkeypatch.setattr(run, "_put", lambda *both: run.clear_cache() or put(*both))
    np.testing.assert_array_equal(run(given, ROWS)["sum"], 2 * ROWS["a"])

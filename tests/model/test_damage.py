"""Damaged files: every cut, every flipped bit, and random damage that the checksum does not see."""

import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings, strategies
from hypothesis.extra import numpy as numpy_strategies
from safetensors.numpy import load_file

import chainrule as cr
from chainrule import nn
from chainrule.errors import ModelFileError
from chainrule.model.container import DTYPES, read_container, write_container
from chainrule.model.strict_json import NUMBER_LIMIT
from tests.model.fuzz import corpus, fuzz, segment_files
from tests.model.hostile import whole
from tests.model.mutations import damaged
from tests.model.raw import parts, sealed, with_document
from tests.model.samples import model_with


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return whole(tmp_path_factory.mktemp("good"))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The smallest file there is: one number, no card."""
    model = model_with(nn.Dense(1, bias=False), (1,), history={}, card={})
    path = tmp_path_factory.mktemp("small") / "m.safetensors"
    model.save(path)
    return path.read_bytes()


def refused(path, content):
    path.write_bytes(content)
    with pytest.raises(ModelFileError):
        cr.load(path)


def test_a_file_cut_at_any_byte_is_refused(tmp_path, small):
    for size in range(len(small)):
        refused(tmp_path / "cut", small[:size])


def test_a_file_with_any_bit_flipped_is_refused(tmp_path, small):
    for bit in range(8 * len(small)):
        flipped = bytearray(small)
        flipped[bit // 8] ^= 1 << bit % 8
        refused(tmp_path / "flipped", flipped)


@pytest.mark.long
def test_a_larger_file_cut_at_any_byte_or_with_any_bit_flipped_is_refused(tmp_path, good):
    for bit in range(8 * len(good)):
        flipped = bytearray(good)
        flipped[bit // 8] ^= 1 << bit % 8
        refused(tmp_path / "flipped", flipped)
        if bit % 8 == 0:
            refused(tmp_path / "cut", good[: bit // 8])


def test_a_file_with_a_byte_too_many_is_refused(tmp_path, good):
    refused(tmp_path / "longer", good + b"\0")


def test_files_put_together_anew_load_so_damage_is_found_by_its_meaning(tmp_path, good):
    """Otherwise the random damage below would all be stopped by the checksum."""
    entries, document, data = parts(good)
    again = with_document(document, entries, data)
    (tmp_path / "again").write_bytes(again)
    assert cr.load(tmp_path / "again").card == document["card"]
    assert sealed(again[8 : 8 + int.from_bytes(again[:8], "little")], data) == again


def test_random_damage_is_refused_or_leaves_a_model_that_can_be_used(tmp_path):
    files = corpus(tmp_path)
    outcome = fuzz(files, tmp_path, range(500), seed=0)
    assert outcome.refused > 400
    assert outcome.loaded > 10


@pytest.mark.long
def test_a_hundred_thousand_damaged_files_are_refused_or_leave_a_model(tmp_path):
    outcome = fuzz(corpus(tmp_path), tmp_path, range(100_000), seed=1)
    assert outcome.refused + outcome.loaded == 100_000


def test_random_damage_to_segments_is_refused_or_leaves_segments_that_can_be_used(tmp_path):
    outcome = fuzz(segment_files(tmp_path), tmp_path, range(300), 0, "segments")
    assert outcome.refused > 200
    assert outcome.loaded > 5


@pytest.mark.long
def test_a_hundred_thousand_damaged_segment_files_are_refused_or_leave_segments(tmp_path):
    outcome = fuzz(segment_files(tmp_path), tmp_path, range(100_000), 1, "segments")
    assert outcome.refused + outcome.loaded == 100_000


VALUES = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.integers(-NUMBER_LIMIT, NUMBER_LIMIT)
    | strategies.floats(allow_nan=False, allow_infinity=False)
    | strategies.text(strategies.characters(exclude_categories=["Cs"])),
    lambda inner: strategies.lists(inner) | strategies.dictionaries(strategies.text("aé\0"), inner),
    max_leaves=20,
)
ARRAYS = strategies.dictionaries(
    strategies.text("a.é\0", max_size=5),
    numpy_strategies.arrays(
        strategies.sampled_from([np.dtype(name) for name in DTYPES.values()]),
        numpy_strategies.array_shapes(min_dims=0, min_side=0, max_side=4),
    ),
    max_size=5,
)


@settings(deadline=None)
@given(document=strategies.dictionaries(strategies.text("aé\n"), VALUES), arrays=ARRAYS)
def test_any_document_and_arrays_survive_and_no_cut_of_them_does(
    tmp_path_factory, document, arrays
):
    path = tmp_path_factory.mktemp("any") / "m"
    write_container(path, document, arrays)
    again, found = read_container(path)
    assert again == document
    assert {name: (a.dtype, a.shape, a.tobytes()) for name, a in found.items()} == {
        name: (a.dtype, a.shape, a.tobytes()) for name, a in arrays.items()
    }
    assert set(load_file(path)) == set(arrays)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 1)
    with pytest.raises(ModelFileError):
        read_container(path)


@settings(deadline=None)
@given(header=strategies.binary(max_size=200) | strategies.text(max_size=100).map(str.encode))
def test_any_bytes_for_a_header_are_refused(tmp_path_factory, header):
    refused(tmp_path_factory.mktemp("any") / "m", sealed(header))


def test_no_damaged_file_imports_runs_or_opens_anything(tmp_path):
    guard_a_corpus(tmp_path, 150)


@pytest.mark.long
def test_no_damaged_file_of_many_imports_runs_or_opens_anything(tmp_path):
    guard_a_corpus(tmp_path, 20_000)


def guard_a_corpus(folder, cases):
    (folder / "files").mkdir()
    files = corpus(folder)
    for number in range(cases):
        source = random.Random(number)
        content = damaged(source, source.choice(files))
        (folder / "files" / f"{number:06}").write_bytes(content)
    guard = [sys.executable, "tests/model/guarded.py", folder / "files"]
    answer = subprocess.run(guard, capture_output=True, text=True, check=True)
    assert eval(answer.stdout) == (cases, [])

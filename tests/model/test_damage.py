"""Damaged files: every cut, every flipped bit, and random damage that the checksum does not see."""

import random
import subprocess
import sys

import pytest

import chainrule as cr
from chainrule import nn
from chainrule.errors import ModelFileError
from tests.model.fuzz import corpus, fuzz
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

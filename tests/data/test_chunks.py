"""A table in pieces is the table in one, wherever it is cut, and messages count its lines right."""

import io

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chainrule.data import (
    CATEGORY,
    NUMBER,
    as_table,
    chunks,
    csv_faults,
    csv_lines,
    csv_source,
    table_chunks,
)
from chainrule.errors import DataError

KINDS = {"a": NUMBER, "b": CATEGORY}
TEXT = 'b,extra,a\nx,1,0.5\n"y\n""z""",2,NA\n\nw,3,1e3\nx,"4,5",-2\n'


class Trickle(io.BytesIO):
    """A pipe that gives what it has, however little."""

    def read(self, size=-1):
        return super().read(min(size, 3))


def joined(source, texts=()):
    """All values of all chunks, categories as labels."""
    found = {name: [] for name in (*KINDS, *texts)}
    firsts = []
    for chunk in table_chunks(source, KINDS, texts=texts, name="new.csv"):
        firsts.append(chunk.first)
        found["a"] += chunk.table.column("a").values.tolist()
        b = chunk.table.column("b")
        found["b"] += [b.labels[code] if code >= 0 else None for code in b.values]
        for name in texts:
            found[name] += list(chunk.texts[name])
    return found, firsts


@pytest.mark.parametrize("block", [1, 2, 7, 20, 1000])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("stream", [io.BytesIO, Trickle])
def test_it_does_not_matter_where_a_file_is_cut(monkeypatch, block, ends, stream):
    monkeypatch.setattr(chunks, "BLOCK", block)
    found, _ = joined(stream(TEXT.replace("\n", ends).encode()), texts=["extra"])
    assert np.array_equal(found["a"], [0.5, np.nan, 1000, -2], equal_nan=True)
    assert found["b"] == ["x", 'y\n"z"', "w", "x"]
    assert found["extra"] == ["1", "2", "3", "4,5"]


def test_rows_are_numbered_through(monkeypatch):
    monkeypatch.setattr(chunks, "BLOCK", 16)
    text = "a,b\n" + "".join(f"{i},x\n" for i in range(50))
    found, firsts = joined(io.BytesIO(text.encode()))
    assert found["a"] == list(range(50))
    assert firsts[0] == 0
    assert len(firsts) > 5
    assert firsts == sorted(set(firsts))


def test_a_path_a_dict_and_a_table_are_taken_too(tmp_path):
    (tmp_path / "new.csv").write_text("a,b\n1,x\n2,y\n")
    columns = {"a": [1.0, 2.0], "b": ["x", "y"]}
    expected = joined(tmp_path / "new.csv", texts=["b"])
    assert joined(str(tmp_path / "new.csv"), texts=["b"]) == expected
    assert joined(columns, texts=["b"]) == expected
    assert joined(as_table(columns), texts=["b"]) == expected
    (chunk,) = table_chunks(as_table(columns), {}, texts=["a"])
    assert list(chunk.texts["a"]) == [1.0, 2.0]


BAD = {
    "a word": ("1,x\n" * 30 + "wide,x\n", "line 32, column 'a': 'wide' is not a number"),
    "a short line": ("1,x\n" * 30 + "1\n", "line 32 has 1 cell"),
    "a long line": ("1,x\n" * 30 + "1,2,3\n" + "1,x\n" * 5, "line 32 has 3 cells"),
    "an open quote": (
        "1,x\n" * 30 + '1,"x\n' + "1,x\n" * 5,
        "line 32, column 'b': a quotation mark opens",
    ),
    "a zero byte": ("1,x\n" * 30 + "1,\0\n" + "1,x\n" * 5, "line 32, column 'b': a zero byte"),
    "no rows": ("", "new.csv has a header and no rows"),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("block", [8, 64, 10_000])
def test_a_fault_is_named_with_its_line_in_the_whole_file(monkeypatch, kind, block):
    monkeypatch.setattr(chunks, "BLOCK", block)
    rows, said = BAD[kind]
    with pytest.raises(DataError, match=said):
        joined(io.BytesIO(f"a,b\n{rows}".encode()))


def test_a_row_that_never_ends_is_not_kept_in_memory(monkeypatch):
    monkeypatch.setattr(chunks, "BLOCK", 10)
    monkeypatch.setattr(csv_source, "LONGEST", 100)
    with pytest.raises(
        DataError, match=r"line 2: a row of more than 0 MB\. Close the quotation mark"
    ):
        joined(io.BytesIO(b'a,b\n1,"' + b"x\n" * 1000))


def test_columns_that_are_missing_are_all_named(tmp_path):
    with pytest.raises(DataError, match=r"new\.csv lacks .*'a', 'b'.* Its columns: c\."):
        joined(io.BytesIO(b"c\n1\n"))
    with pytest.raises(DataError, match=r"the table lacks .*'b'"):
        joined({"a": [1.0]})
    with pytest.raises(DataError, match="Did you mean 'name'"):
        joined(io.BytesIO(b"a,b,name\n1,x,z\n"), texts=["nam"])
    with pytest.raises(DataError, match="There is no file"):
        joined(tmp_path / "nothing.csv")
    with pytest.raises(DataError, match="is empty"):
        joined(io.BytesIO(b""))


CELLS = ["1", '"2"', '"a,b"', '"a\n""b"""', "", '""', 'x"y', '"x"y', 'x""', '"', 'a"b"', '""x']


@given(
    st.lists(
        st.lists(st.sampled_from(CELLS), min_size=1, max_size=3),
        max_size=6,
    ),
    st.sampled_from([3, 7, 10**6]),
    st.booleans(),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_a_quick_look_at_quotes_and_a_close_one_agree(rows, piece, ended):
    """Where the quick one is content, every line has two cells and none is blank."""
    content = "\n".join(",".join(row) for row in [["a", "b"], *rows]) + "\n" * ended
    assume('"' in content)
    text = csv_lines.CsvText(content.encode(), "t.csv", ",", ("a", "b"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_lines, "PIECE", piece)
        quick = text.even
    try:
        blank, _ = csv_faults.blank_rows(text)
    except DataError:
        assert not quick
        return
    assert not quick or blank == []
    if not blank:
        assert quick

"""Tables are read as they are, or refused in a sentence with file, line and column."""

import os
from pathlib import Path

import numpy as np
import polars
import pytest

from chainrule.data import CATEGORY, DATE, NUMBER, as_table
from chainrule.errors import DataError

PENGUINS = Path("examples/data/penguins.csv")


def written(tmp_path, content, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def values(table, name):
    column = table.column(name)
    if column.kind == DATE:
        return [None if v != v else str(np.datetime64(int(v), "D")) for v in column.values]
    if column.kind == NUMBER:
        return [None if v != v else v for v in column.values.tolist()]
    return [None if code < 0 else column.labels[code] for code in column.values]


def test_the_penguins_are_read_rightly():
    table = as_table(PENGUINS)
    assert table.rows == 344
    assert {c.name: c.kind for c in table.columns} == {
        **dict.fromkeys(("species", "island", "sex"), CATEGORY),
        **dict.fromkeys(("bill_length_mm", "bill_depth_mm", "flipper_length_mm"), NUMBER),
        **dict.fromkeys(("body_mass_g", "year"), NUMBER),
    }
    assert table.column("species").counts() == {"Adelie": 152, "Gentoo": 124, "Chinstrap": 68}
    assert table.column("sex").missing.sum() == 11
    assert table.column("body_mass_g").missing.sum() == 2
    assert values(table, "bill_length_mm")[:5] == [39.1, 39.5, 40.3, None, 36.7]


READ = {
    "CRLF and no last line end": (b"a,b\r\n1,x\r\n2,y", [1, 2], ["x", "y"]),
    "CR alone": (b"a,b\r1,x\r2,y\r", [1, 2], ["x", "y"]),
    "line ends of three systems": (b"a,b\r1,x\r\n2,y\n", [1, 2], ["x", "y"]),
    "a byte order mark": (b"\xef\xbb\xbfa,b\n1,x\n2,y\n", [1, 2], ["x", "y"]),
    "blank lines": (b"a,b\n1,x\n\n2,y\n\n\n", [1, 2], ["x", "y"]),
    "blank lines with CRLF": (b"a,b\r\n1,x\r\n\r\n2,y\r\n\r\n", [1, 2], ["x", "y"]),
    "missing markers": (b"a,b\n,NA\nNA,x\n NaN ,y\n1,\n", [None] * 3 + [1], [None, "x", "y", None]),
    "quoted commas and line ends": (
        b'a,b\n1,"x, ""y""\nz"\n"2",u\n',
        [1, 2],
        ['x, "y"\nz', "u"],
    ),
    "spaces": (b" a, b \n 1 , x\n2,y \n", [1, 2], ["x", "y"]),
    "kinds of numbers": (b"a,b\n-1e3,x\n+.5,y\n", [-1000, 0.5], ["x", "y"]),
    "accents": ("a,b\n1,Zürich\n2,東京\n".encode(), [1, 2], ["Zürich", "東京"]),
}


@pytest.mark.parametrize("name", READ)
def test_what_can_be_read_is_read_rightly(tmp_path, name):
    content, numbers, words = READ[name]
    table = as_table(written(tmp_path, content))
    assert values(table, "a") == numbers
    assert values(table, "b") == words


def test_blank_lines_of_one_column_are_cells_without_a_value(tmp_path):
    table = as_table(written(tmp_path, b'"a"\n1\n\n"2"\n'))
    assert values(table, "a") == [1, None, 2]


def test_names_may_hold_whatever_is_quoted(tmp_path):
    table = as_table(written(tmp_path, b'"say ""a""","b,c","d\ne"\n1,2,3\n4,5,6\n'))
    assert table.names == ['say "a"', "b,c", "d\ne"]


REFUSED = {
    "empty": (b"", "is empty. The first line must name the columns"),
    "blank": (b"\n \n", "is empty"),
    "header only": (b"a,b\n", "has a header and no rows"),
    "header and blank lines": (b"a,b\n\n\n", "has a header and no rows"),
    "a short line": (b"a,b\n1,2\n3\n", "line 3 has 1 cell and the first line has 2. Complete"),
    "a short line between quotes": (b'a,b\n"1\n1",2\n3\n', "line 4 has 1 cell"),
    "a long line": (b"a,b\n1,2\n3,4,5\n", "line 3 has 3 cells and the first line has 2"),
    "a long and a short line": (b"a,b\n1\n3,4,5\n", "line 2 has 1 cell"),
    "an open quote": (b'a,b\n1,2\n"3,4\n', "line 3, column 'a': a quotation mark opens here"),
    "an open quote in the header": (
        b'a,"b\n1,2\n',
        "line 1, column 2: a quotation mark opens here",
    ),
    "a quote inside a cell": (
        b'a,b\n1,x"y\n2,3\n',
        "line 2, column 'b': a quotation mark inside a cell",
    ),
    "text after a quote": (
        b'a,b\n1,"x"y\n',
        "line 2, column 'b': text after the closing quotation mark",
    ),
    "a zero byte": (b"a,b\n1,2\n3,\x00\n", "line 3, column 'b': a zero byte"),
    "a blank first line": (b"\na,b\n1,2\n", "line 1 is blank. It must name"),
    "a quote inside the header": (b'a"x\ny"\n2\n', "quotation mark"),
    "two columns of one name": (b"a,b,a\n1,2,3\n", "columns 1 and 3 are both named 'a'"),
    "a column without a name": (b"a,,c\n1,2,3\n", "column 2 has no name"),
    "infinity": (b"a,b\n1,2\n3,inf\n", "line 3, column 'b': the number is infinite"),
    "a number that is too large": (b"a,b\n1,2\n\n1e999,3\n", "line 4, column 'a': the number is"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_its_place(tmp_path, name):
    content, reason = REFUSED[name]
    with pytest.raises(DataError) as caught:
        as_table(written(tmp_path, content))
    assert reason in str(caught.value)
    assert "t.csv" in str(caught.value)


def test_what_is_no_file_is_refused_without_opening_it(tmp_path):
    (tmp_path / "penguins.csv").write_text("a\n1\n")
    os.mkfifo(tmp_path / "pipe")
    for path, reason in {
        tmp_path: "is a folder",
        tmp_path / "pipe": "a device or a pipe",
        tmp_path / "penguin.csv": "Did you mean .*penguins.csv",
        tmp_path / "no" / "x.csv": "There is no folder",
    }.items():
        with pytest.raises(DataError, match=reason):
            as_table(path)
    with pytest.raises(DataError, match="int is none"):
        as_table(3)


def test_a_known_kind_is_kept_and_what_does_not_fit_is_named(tmp_path):
    path = written(tmp_path, "size,code\n1,01\n2,02\n")
    assert values(as_table(path, {"code": CATEGORY}), "code") == ["01", "02"]
    path = written(tmp_path, "size,code\n1,01\n\ntall,02\n")
    with pytest.raises(DataError, match=r"t\.csv, line 4, column 'size': 'tall' is not a number"):
        as_table(path, {"size": NUMBER})


def test_no_column_proposes_the_nearest():
    with pytest.raises(DataError, match=r"no column 'specie'\. Did you mean 'species'"):
        as_table(PENGUINS).column("specie")


class Frame:
    """As much of a pandas DataFrame as is used: pandas itself is not installed."""

    def __init__(self, columns):
        self.inner = {name: np.array(values, dtype) for name, (values, dtype) in columns.items()}
        self.columns = list(columns)

    def __getitem__(self, name):
        return self.inner[name]


def test_a_dataframe_is_the_same_table_as_its_file():
    frame = polars.read_csv(PENGUINS, null_values="NA")
    table, same = as_table(frame), as_table(PENGUINS)
    assert table.digest() == same.digest()
    assert as_table({name: frame[name].to_list() for name in frame.columns}).rows == 344


def test_columns_of_every_type_are_taken():
    table = as_table(
        Frame(
            {
                "whole": ([1, 2], "int8"),
                "yes": ([True, False], bool),
                "float": ([0.5, np.nan], "float32"),
                "text": (["a", None], object),
                "mixed": ([1, "b"], object),
                "numbers": ([1.0, None], object),
                "day": (["2026-01-01", "NaT"], "M8[D]"),
            }
        )
    )
    assert {c.name: values(table, c.name) for c in table.columns} == {
        "whole": [1, 2],
        "yes": ["True", "False"],
        "float": [0.5, None],
        "text": ["a", None],
        "mixed": ["1", "b"],
        "numbers": [1, None],
        "day": ["2026-01-01", None],
    }


def test_columns_that_do_not_fit_together_are_refused():
    with pytest.raises(DataError, match="different numbers of rows"):
        as_table({"a": [1, 2], "b": [1]})
    with pytest.raises(DataError, match="no rows"):
        as_table({"a": []})
    with pytest.raises(DataError, match="no rows"):
        as_table({})
    with pytest.raises(DataError, match="shape"):
        as_table({"a": [[1, 2]]})
    with pytest.raises(DataError, match="row 1, column 'a': the number is infinite"):
        as_table({"a": [1, np.inf]})


def test_a_digest_changes_with_every_value_and_name(tmp_path):
    contents = ["a,b\n1,x\n2,y\n", "a,b\n1,x\n3,y\n", "a,b\n1,x\n2,z\n", "a,c\n1,x\n2,y\n"]
    digests = {as_table(written(tmp_path, content)).digest() for content in contents}
    assert len(digests) == len(contents)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["NA"] * 50, "no values"),
        (["7"] * 50, "one value only"),
        (["x"] * 50, "one value only"),
        ([f"name {i}" for i in range(50)], "nearly every row has its own text"),
        ([f"town {i % 20}" for i in range(50)], ""),
        ([str(i) for i in range(50)], ""),
        (["x"] * 49 + [""], ""),
        (["a", "b"], ""),
    ],
)
def test_columns_that_teach_nothing_are_recognized(cells, reason):
    assert as_table({"a": cells}).column("a").useless() == reason

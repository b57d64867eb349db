"""Whatever a table is written in, it is the same table; what was recognized is said.

The kinds of damage are those of the project's list: these are read rightly and said, those of
test_refused.py are refused.
"""

import gzip
import io

import polars
import pytest

from chainrule.data import CATEGORY, NUMBER, as_table, chunks, table_chunks
from chainrule.errors import DataError
from tests.data.workbooks import DAY, xlsx

CLEAN = "size,price,city\n1,1.5,Köln\n2,NA,Zürich\n3,1200.25,\n4,-0.5,Évian\n"
EUROPEAN = "size;price;city\n1;1,5;Köln\n2;NA;Zürich\n3;1200,25;\n4;-0,5;Évian\n"
FRAME = polars.read_csv(CLEAN.encode(), null_values="NA")
CELLS = [["size", "price", "city"], *map(list, FRAME.rows())]
POLISH = "size,price,city\n1,1.5,Köln\n2,NA,Łódź\n"


def parquet():
    stream = io.BytesIO()
    FRAME.write_parquet(stream)
    return stream.getvalue()


def quoted(text):
    lines = [line.split(",") for line in text.splitlines()]
    return "".join(",".join(f'"{cell}"' for cell in cells) + "\n" for cells in lines)


READ = {
    "commas": (CLEAN, "comma, UTF-8", []),
    "a byte order mark": (
        CLEAN.encode("utf-8-sig"),
        "comma, UTF-8 with a byte order mark",
        [],
    ),
    "UTF-16": (CLEAN.encode("utf-16"), "comma, UTF-16", ["not UTF-8 and was read as UTF-16"]),
    "UTF-16, the other way round": (b"\xfe\xff" + CLEAN.encode("utf-16-be"), "comma, UTF-16", []),
    "UTF-16 without a mark": (
        CLEAN.encode("utf-16-le"),
        "comma, UTF-16 without a byte order mark",
        [],
    ),
    "UTF-16 the other way round without a mark": (
        CLEAN.encode("utf-16-be"),
        "comma, UTF-16 without a byte order mark",
        [],
    ),
    "UTF-32": (CLEAN.encode("utf-32"), "comma, UTF-32", ["read as UTF-32"]),
    "Latin-1": (CLEAN.encode("latin-1"), "comma, Windows-1252", ["not UTF-8 and was read as"]),
    "Windows-1252": (CLEAN.encode("cp1252"), "comma, Windows-1252", ["not UTF-8"]),
    "semicolons": (CLEAN.replace(",", ";"), "semicolon, UTF-8", []),
    "tabs": (CLEAN.replace(",", "\t"), "tab, UTF-8", []),
    "bars": (CLEAN.replace(",", "|"), "bar, UTF-8", []),
    "European Excel": (
        EUROPEAN.replace("\n", "\r\n").encode("cp1252"),
        "semicolon, Windows-1252, decimal comma",
        ["decimal commas: 1,5 is 1.5", "read as Windows-1252"],
    ),
    "Excel's Unicode text": (
        EUROPEAN.replace(";", "\t").replace("\n", "\r\n").encode("utf-16"),
        "tab, UTF-16, decimal comma",
        [],
    ),
    "a line that names the delimiter": (
        "sep=;\r\n" + EUROPEAN,
        "semicolon, UTF-8, decimal comma",
        ["first line names the delimiter"],
    ),
    "CR alone": (CLEAN.replace("\n", "\r"), "comma, UTF-8", ["lines end with CR alone"]),
    "CR LF": (CLEAN.replace("\n", "\r\n"), "comma, UTF-8", []),
    "mixed line ends": (
        CLEAN.replace("\n", "\r", 1).replace("\n", "\r\n", 1),
        "comma, UTF-8",
        ["several systems: CR, CR LF, LF"],
    ),
    "quotation marks": (quoted(CLEAN), "comma, UTF-8", []),
    "quotation marks and commas": (
        quoted(CLEAN).replace('"Köln"', '"Köln, Rhein"'),
        "comma, UTF-8",
        [],
    ),
    "quoted line ends": (
        quoted(CLEAN).replace("Köln", "Kö\nln").replace("city", "ci\nty"),
        "comma, UTF-8",
        [],
    ),
    "blank lines": (
        CLEAN.replace("\n", "\n\n", 3) + "\n \n",
        "comma, UTF-8",
        ["5 blank lines were left out"],
    ),
    "no last line end": (CLEAN.rstrip(), "comma, UTF-8", []),
    "gzip": (gzip.compress(CLEAN.encode()), "comma, UTF-8, gzip", ["does not end in .gz"]),
    "gzip of gzip's members": (
        gzip.compress(CLEAN[:30].encode()) + gzip.compress(CLEAN[30:].encode()),
        "comma, UTF-8, gzip",
        [],
    ),
    "Parquet": (parquet(), "Parquet", []),
    "a workbook": (xlsx(prices=CELLS), "xlsx", []),
    "a workbook with empty rows and sheets": (
        xlsx(first=[], prices=[[], *CELLS[:2], [], *CELLS[2:]], last=[]),
        "xlsx",
        ["Sheet 'prices' was read, not 'first', 'last'", "1 empty row was left out"],
    ),
}


def content_of(name):
    content = READ[name][0]
    return content if isinstance(content, bytes) else content.encode()


def plain(table):
    """Kinds and values, with what is quoted or not made alike."""
    made = {}
    for column in table.columns:
        labels = [label.replace("\n", "").replace(", Rhein", "") for label in column.labels]
        values = [None if v != v else v for v in column.values.tolist()]
        if labels:
            values = [None if code < 0 else labels[code] for code in column.values]
        made[column.name.replace("\n", "")] = column.kind, values
    return made


def expected():
    return {
        "size": (NUMBER, [1, 2, 3, 4]),
        "price": (NUMBER, [1.5, None, 1200.25, -0.5]),
        "city": (CATEGORY, ["Köln", "Zürich", None, "Évian"]),
    }


@pytest.mark.parametrize("name", READ)
def test_a_file_is_read_by_what_is_inside_and_that_is_said(tmp_path, name):
    _, summary, said = READ[name]
    (tmp_path / "t.txt").write_bytes(content_of(name))
    table = as_table(tmp_path / "t.txt")
    assert plain(table) == expected()
    assert table.reading.summary() == summary
    for sentence in said:
        assert sentence in " ".join(table.reading.said)
    if not said and summary == "comma, UTF-8":
        assert table.reading.said == ()


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("block", [64, 10**6])
def test_a_pipe_is_read_by_the_same_rules(monkeypatch, name, block):
    monkeypatch.setattr(chunks, "BLOCK", block)
    kinds = {column: kind for column, (kind, _) in expected().items()}
    if "quoted line" in name:
        kinds["ci\nty"] = kinds.pop("city")
    found = {column: [] for column in expected()}
    for chunk in table_chunks(io.BytesIO(content_of(name)), kinds, name="pipe"):
        for column, (_, values) in plain(chunk.table).items():
            found[column] += values
    assert found == {column: values for column, (_, values) in expected().items()}
    assert chunk.table.reading.summary() == READ[name][1]


def test_an_encoding_is_decided_where_it_first_matters():
    text = "a,b\n" + "1,x\n" * 100 + "2,é\n" * 3
    for encoding in ("utf-8", "cp1252"):
        pieces = [
            [chunk.table.column("b").labels for chunk in table_chunks(file, {"b": CATEGORY})]
            for file in [io.BytesIO(text.encode(encoding))]
        ]
        assert pieces[0][-1] == ("x", "é")


@pytest.mark.parametrize("size", range(1, 12))
def test_characters_may_be_cut_anywhere(monkeypatch, size):
    monkeypatch.setattr(chunks, "BLOCK", size)
    text = "a,b\r\n1,Zoë\r\n2,日本\r\n3,Öl€\r\n"
    for encoding in ("utf-8", "utf-16", "utf-8-sig"):
        labels = []
        for chunk in table_chunks(io.BytesIO(text.encode(encoding)), {"b": CATEGORY}):
            column = chunk.table.column("b")
            labels += [column.labels[code] for code in column.values]
        assert labels == ["Zoë", "日本", "Öl€"], encoding


DELIMITERS = {
    "commas in a text": ("id|text\n1|a, b\n2|c\n", "|"),
    "commas in names and numbers": ("height, m;width, m\n1,5;2,5\n", ";"),
    "semicolons in a text": ("id,text\n1,a;b\n2,c;d\n", ","),
    "quoted delimiters": ('"a;b;c",d\n"1;2;3",4\n', ","),
    "one column": ("a\n1\n2\n", ","),
    "one broken line": ("a;b\n" + "1;2\n" * 5 + "1,3\n", ";"),
}


@pytest.mark.parametrize("name", DELIMITERS)
def test_the_delimiter_that_cuts_evenly_is_chosen(name):
    text, delimiter = DELIMITERS[name]
    from chainrule.data.dialect import delimiter_of

    assert delimiter_of(text.encode()) == delimiter


DECIMALS = {
    "commas and semicolons": (["1,5", "2"], ";", ","),
    "commas and commas": (["1,5", "2"], ",", "."),
    "points and semicolons": (["1.5", "2"], ";", "."),
    "thousands by points": (["1.234,5", "1.000"], ";", ","),
    "a comma before three digits": (["1,234"], ";", ","),
    "a comma before three digits and tabs": (["1,234"], "\t", "."),
    "a comma and tabs": (["1,25"], "\t", ","),
    "more points than commas": (["1,5", "1.5", "2.5"], ";", "."),
    "days": (["01.02.2026"], ";", "."),
    "money": (["€ 3,50", "12,5 %"], ";", ","),
    "nothing": ([None, None], ";", "."),
}


@pytest.mark.parametrize("name", DECIMALS)
def test_the_decimal_mark_follows_the_numbers(name):
    from chainrule.data.dialect import decimal_of

    cells, delimiter, decimal = DECIMALS[name]
    assert decimal_of([polars.Series(cells, dtype=polars.String)], delimiter) == decimal


def test_workbooks_hold_days_yes_no_and_errors(tmp_path):
    rows = [
        ["day", "time", "yes", "error", "whole"],
        [(45000, DAY), (45000, DAY), True, "#N/A", 3],
        [(45001, DAY), (45001.5, DAY), False, 2.5, 4.0],
    ]
    (tmp_path / "t.xlsx").write_bytes(xlsx(data=rows))
    chunk = next(
        table_chunks(tmp_path / "t.xlsx", {}, texts=["day", "time", "yes", "error", "whole"])
    )
    assert chunk.texts == {
        "day": ["2023-03-15", "2023-03-16"],
        "time": ["2023-03-15 00:00:00", "2023-03-16 12:00:00"],
        "yes": ["True", "False"],
        "error": [None, "2.5"],
        "whole": ["3", "4"],
    }


def test_parquet_comes_some_rows_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr("chainrule.data.parquet.ROWS", 3)
    path = tmp_path / "t.parquet"
    polars.DataFrame({"a": [1.0, 2, 3, 4], "b": ["x", None, "y", "z"]}).write_parquet(path)
    found = [
        (chunk.first, chunk.table.column("a").values.tolist(), chunk.texts["b"].to_list())
        for chunk in table_chunks(path, {"a": NUMBER}, texts=["b"])
    ]
    assert found == [(0, [1, 2, 3], ["x", None, "y"]), (3, [4], ["z"])]
    polars.DataFrame({"a": [1.0, 2, 3, None], "b": ["1", "2", "3", "x"]}).write_parquet(path)
    with pytest.raises(DataError, match=r"t\.parquet, row 4, column 'b': 'x' is not a number"):
        list(table_chunks(path, {"b": NUMBER}))

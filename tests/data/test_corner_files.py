"""The corner cases of CSV, cell by cell as Python's own csv reads them, whole and in pieces."""

import csv
import io

import pytest

from chainrule.data import as_table, chunks, table_chunks

CORNERS = {
    "simple": "a,b,c\n1,2,3\n",
    "a comma in quotes": 'first,last,address\nJohn,Doe,"120 any st., Anytown, WW"\n',
    "empty cells": 'a,b,c\n1,"",""\n,3,4\n',
    "escaped quotes": 'a,b\n1,"ha ""ha"" ha"\n3,4\n',
    "a quote alone": 'a,b\n1,""""\n3,4\n',
    "quotes at both ends": 'a,b\n1,"""x"""\n3,4\n',
    "line ends in quotes": 'a,b,c\n1,2,3\n"Once upon \na time",5,6\n7,8,9\n',
    "quotes and line ends": 'a,b\n1,"ha\n""ha""\nha"\n3,4\n',
    "blank lines in quotes": 'a,b\n1,"\n\n"\n3,4\n',
    "a quoted header": '"a","b ""x""","c,d"\n1,2,3\n',
    "line ends in the header": '"a\nb",c\n1,2\n3,4\n',
    "JSON in a cell": 'key,val\n1,"{""type"": ""Point"", ""coordinates"": [102.0, 0.5]}"\n',
    "letters of the world": "a,b,c\n1,2,3\n4,5,ʤ\n6,東京,Ελλάδα\n7,🐧,\u200d\n",
    "spaces inside": "a,b\n 1 , x y \n2,\tz\n",
    "apostrophes": "a,b\n1,'x'\n2,it's\n",
    "backslashes": 'a,b\n1,\\n\n2,"x\\"\n',
    "separators of lines that are none": "a,b\n1,x\u2028y\n2,x\x0by\n3,x\x85y\n4,x\x1cy\n",
    "a number with a comma": 'a,b\n"1,000",x\n2,y\n',
    "one row": "a,b\n1,2",
    "one column": "a\n1\n2\n",
    "one column of texts in quotes": 'a\n"1,2"\n"3"\n',
    "a delimiter of another kind in cells": "a,b\n1;2,3\n4;5,6\n",
    "a cell that is a hash": "a,b\n#1,2\n#,4\n",
    "many columns": ",".join(f"c{i}" for i in range(300)) + "\n" + ",".join("1" * 300) + "\n",
    "a long cell": f"a,b\n1,{'x' * 100_000}\n2,y\n",
    "cells that look like a mark of order": "a,b\n1,\ufeffx\n2,y\n",
}


def cells(chunked):
    found = {}
    for chunk in chunked:
        for name, column in chunk.texts.items():
            found.setdefault(name, []).extend(cell or "" for cell in column)
    return found


@pytest.mark.parametrize("name", CORNERS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("block", [1, 16, 10**6])
def test_every_cell_is_that_of_pythons_own_csv(monkeypatch, name, end, block):
    monkeypatch.setattr(chunks, "BLOCK", block)
    header, *rows = csv.reader(io.StringIO(CORNERS[name], newline=""), strict=True)
    expected = {column: [row[i] for row in rows] for i, column in enumerate(header)}
    file = io.BytesIO(CORNERS[name].replace("\n", end).encode())
    assert cells(table_chunks(file, {}, texts=header)) == expected


@pytest.mark.parametrize("name", [name for name in CORNERS if "one column" not in name])
@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-16"), ("\t", "utf-8-sig")])
def test_a_corner_is_the_same_with_another_delimiter(tmp_path, name, delimiter, encoding):
    rows = list(csv.reader(io.StringIO(CORNERS[name], newline=""), strict=True))
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows(rows)
    (tmp_path / "a.csv").write_text(CORNERS[name], newline="")
    (tmp_path / "b.csv").write_bytes(stream.getvalue().encode(encoding))
    kinds = dict.fromkeys(rows[0], "category")
    assert (
        as_table(tmp_path / "b.csv", kinds).digest() == as_table(tmp_path / "a.csv", kinds).digest()
    )

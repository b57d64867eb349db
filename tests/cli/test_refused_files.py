"""Files that cannot be a table are refused in one sentence that says where and what to do.

Each is given to the command, which ends with 2 within two seconds and writes one line to stderr.
"""

import gzip
import io
import os
import pickle
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import polars
import pytest

from chainrule.cli import main
from chainrule.data import as_table, table_chunks
from chainrule.errors import DataError
from tests.data.workbooks import xlsx

TABLE = "height,city\n" + "1.5,Rome\n2.5,Oslo\n" * 20
MANY = 10**5


def changed(line, text):
    """The table with another line; the header is line 1."""
    lines = TABLE.splitlines()
    lines[line - 1] = text
    return "\n".join(lines) + "\n"


def binary(write):
    stream = io.BytesIO()
    write(stream)
    return stream.getvalue()


def zipped(stream):
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("t.csv", TABLE)


PARQUET = binary(polars.read_csv(TABLE.encode()).write_parquet)
WORKBOOK = xlsx(data=[["height", "city"], [1.5, "Rome"]])

REFUSED = {
    "0 bytes": (b"", "t.csv is empty. The first line must name the columns"),
    "spaces alone": (" \n\n\t\n", "t.csv is empty"),
    "a header alone": ("height,city\n", "has a header and no rows"),
    "a zero byte": (changed(9, "1.5,Ro\0me"), "line 9, column 'city': a zero byte"),
    "a short line": (changed(9, "1.5"), "line 9 has 1 cell and the first line has 2. Complete"),
    "a long line": (
        changed(9, "1.5,Rome,Italy"),
        "line 9 has 3 cells and the first line has 2. Put a cell that contains a comma in",
    ),
    "an open quotation mark": (
        changed(9, '1.5,"Rome'),
        "line 9, column 'city': a quotation mark opens here and is never closed. Close it",
    ),
    "a quotation mark in the middle": (
        changed(9, '1.5,Ro"me'),
        "line 9, column 'city': a quotation mark inside a cell. Put the whole cell in",
    ),
    "text behind a quotation mark": (
        changed(9, '"1.5"1,Rome'),
        "line 9, column 'height': text after the closing quotation mark of a cell. Write",
    ),
    "a double name": (changed(1, "city,city"), "columns 1 and 2 are both named 'city'. Give one"),
    "a blank name": (changed(1, "height,"), "line 1: column 2 has no name. Give it one"),
    "a blank header": (changed(1, ","), "line 1 is blank. It must name the columns"),
    "infinity": (changed(9, "inf,Rome"), "line 9, column 'height': "),
    "a number that is too large": (changed(9, "1e999,Rome"), "line 9, column 'height': "),
    "a huge whole number": (changed(9, f"{'9' * 400},Rome"), "line 9, column 'height': "),
    "a cell of 10,000,000 characters": (
        changed(9, f"1.5,{'x' * 10**7}"),
        "line 9, column 'city': a cell of more than 131,072 characters. Shorten it",
    ),
    "a quoted cell of 10,000,000 characters": (
        changed(9, f'1.5,"{"x" * 10**7}"'),
        "line 9, column 'city': a cell of more than 131,072 characters",
    ),
    "a name of 10,000,000 characters": (
        changed(1, f"height,{'x' * 10**7}"),
        "line 1: a cell of more than 131,072 characters",
    ),
    "100,000 columns": (
        ",".join(f"c{i}" for i in range(MANY)) + "\n" + ",".join("1" * MANY) + "\n",
        "line 1 names 100,000 columns, and at most 50,000 are read. Keep those that matter",
    ),
    "bytes that are neither UTF-8 nor Windows-1252": (
        changed(9, "1.5,R").encode() + b"\x81\n",
        "line 42: the byte 0x81 is not Windows-1252. Save the file as CSV in UTF-8",
    ),
    "Cyrillic in Windows-1251": (
        changed(9, "1.5,Москва").encode("cp1251"),
        "line 9: letters that are neither UTF-8 nor Western (Windows-1252). Save the file as CSV",
    ),
    "Greek in ISO 8859-7": (changed(9, "1.5,Αθήνα").encode("iso8859-7"), "line 9: letters that"),
    "Japanese in Shift JIS": (changed(9, "1.5,東京大阪").encode("shift_jis"), "line 9: "),
    "UTF-8 that is damaged": (
        changed(2, "1.5,Zoë").encode() + b"1.5,\xff\n",
        "line 42: the byte 0xff is not UTF-8. Save",
    ),
    "UTF-16 that is cut off": (TABLE.encode("utf-16")[:-1], "line 41: the byte 0x0a is not UTF-16"),
    "a delimiter that is not read": ("sep=:\nheight:city\n", "line 1: ':' is not read as a delim"),
    "a PNG image": (b"\x89PNG\r\n\x1a\n" + bytes(100), "is a PNG image, and no table is read from"),
    "a pickle": (pickle.dumps([1, 2]), "is a Python pickle"),
    "a NumPy array": (binary(lambda file: np.save(file, np.ones(3))), "is a NumPy array"),
    "a web page": ("<!DOCTYPE html><html></html>", "is a web page"),
    "JSON": ('[{"height": 1.5}]', "is JSON"),
    "a zip archive": (binary(zipped), "is a zip archive. Unpack it and name the table that is in"),
    "random bytes": (np.random.default_rng(0).bytes(5000), "is no text"),
    "gzip that is cut off": (
        gzip.compress(TABLE.encode() * 99)[:-50],
        "is gzip that is damaged or",
    ),
    "gzip with something behind it": (
        gzip.compress(TABLE.encode()) + b"abc",
        "is gzip that is dam",
    ),
    "gzip around gzip": (gzip.compress(gzip.compress(TABLE.encode())), "gzip around gzip. Unpack"),
    "gzip around nothing": (gzip.compress(b""), "is empty"),
    "gzip around zero bytes": (gzip.compress(bytes(10**8)), "is no text"),
    "Parquet that is cut off": (PARQUET[:-9], "is Parquet that is damaged: "),
    "Parquet without rows": (
        binary(polars.DataFrame({"a": []}).write_parquet),
        "has a header and no rows",
    ),
    "Parquet of lists": (
        binary(polars.DataFrame({"height": [[1.0], [2.0]]}).write_parquet),
        "Column 'height' holds List(Float64), and one number, text or date a row is needed",
    ),
    "a workbook that is cut off": (WORKBOOK[:-60], "is a damaged zip archive or workbook. Save it"),
    "an empty workbook": (xlsx(data=[]), "is empty: no sheet has a cell"),
    "a workbook without rows": (xlsx(data=[["height", "city"]]), "has a header and no rows"),
    "a workbook with a double name": (
        xlsx(data=[["a", "a"], [1, 2]]),
        "row 1: columns 1 and 2 are both named 'a'",
    ),
    "a workbook with cells beside the table": (
        xlsx(data=[["a", "b"], [1, 2, 3]]),
        "row 2 has cells to the right of the last named column 'b'. Name their columns in row 1",
    ),
}


def ends_at_once(path, capsys):
    """The one line that the command ends with."""
    begin = time.perf_counter()
    code = main(["train", str(path), "--target", "city", "--dry-run"])
    seconds = time.perf_counter() - begin
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert said.err.startswith("chainrule: ")
    assert said.err.endswith((".\n", "?\n"))
    assert said.err.count("\n") == 1
    assert seconds < 2
    return said.err


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_a_sentence_with_the_place_and_the_cure(tmp_path, capsys, name):
    content, reason = REFUSED[name]
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    said = ends_at_once(path, capsys)
    assert reason in said
    assert "t.csv" in said or "Column" in said


def test_what_is_no_file_is_refused_before_it_is_opened(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "heights.csv").write_text(TABLE)
    for path, reason in {
        tmp_path: f"chainrule: {tmp_path} is a folder. Name a table in it.\n",
        tmp_path / "pipe": "is not a file but a device or a pipe. Name a file",
        Path("/dev/zero"): "is not a file but a device or a pipe",
        tmp_path / "loop": "Too many levels of symbolic links",
        tmp_path / "height.csv": "Did you mean",
        tmp_path / "heights.csv" / "x": "Not a directory",
        tmp_path / ("x" * 300): "File name too long",
    }.items():
        assert reason in ends_at_once(path, capsys)


def test_a_file_that_may_not_be_read_is_refused(tmp_path, capsys, monkeypatch):
    """The system's answer is played, because the super-user may read everything."""
    path = tmp_path / "t.csv"
    path.write_text(TABLE)

    def forbidden(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    assert "t.csv' cannot be read: Permission denied" in ends_at_once(path, capsys)


def test_without_what_reads_workbooks_the_line_that_installs_it_is_said(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    (tmp_path / "t.xlsx").write_bytes(WORKBOOK)
    said = ends_at_once(tmp_path / "t.xlsx", capsys)
    assert 'pip install "chainrule[excel]"' in said


def test_a_workbook_that_is_far_larger_inside_is_refused_before_it_is_unpacked(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("chainrule.data.formats.MOST_UNPACKED", 1000)
    (tmp_path / "t.xlsx").write_bytes(WORKBOOK)
    assert "MB when unpacked, and workbooks are read up to" in ends_at_once(
        tmp_path / "t.xlsx", capsys
    )


def test_a_cell_of_a_workbook_is_named_by_its_row_in_the_sheet(tmp_path):
    rows = [["height", "city"], [1.5, "Rome"], [], ["tall", "Oslo"]]
    (tmp_path / "t.xlsx").write_bytes(xlsx(data=rows))
    with pytest.raises(DataError, match=r"t\.xlsx, row 4, column 'height': 'tall' is not a number"):
        as_table(tmp_path / "t.xlsx", {"height": "number"})


def test_a_folder_that_may_not_be_listed_gives_no_hint(tmp_path, capsys, monkeypatch):
    def forbidden(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", forbidden)
    assert ends_at_once(tmp_path / "t.csv", capsys).endswith(
        "There is no file " + str(tmp_path / "t.csv") + ".\n"
    )


def test_a_disk_that_fails_in_the_middle_is_said():
    class Failing(io.BytesIO):
        def read(self, size=-1):
            if self.tell():
                raise OSError(5, "Input/output error")
            return super().read(size)

    file = Failing(b"a,b\n" + b"1,2\n" * 5000)
    with pytest.raises(DataError, match=r"the input cannot be read: Input/output error\."):
        list(table_chunks(file, {}))


@pytest.mark.parametrize("found", [([], 7), ([1], 1)])
def test_two_readers_that_disagree_about_the_rows_are_not_believed(tmp_path, monkeypatch, found):
    monkeypatch.setattr("chainrule.data.csv_source.blank_rows", lambda text: found)
    (tmp_path / "t.csv").write_text('a,b\n"1",2\n\n3,4\n')
    with pytest.raises(DataError, match=r"t\.csv is not proper CSV"):
        as_table(tmp_path / "t.csv")

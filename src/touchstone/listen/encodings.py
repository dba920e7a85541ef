"""Which characters the bytes of a text file stand for, and the one pass over all of them that proves it."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Protocol

CHUNK = 1 << 20
LONGEST_LINE = 8_000_000  # characters; a longer line is refused, and never held in memory whole

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LABELS = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16 (little endian)",
    "utf-16-be": "UTF-16 (big endian)",
    "utf-32-le": "UTF-32 (little endian)",
    "utf-32-be": "UTF-32 (big endian)",
    "cp1252": "Latin-1 (Windows-1252)",
}
_SEVERAL_BYTES = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH_BYTE = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec, the length of the byte order mark before the text, and whether single stray bytes are expected."""

    codec: str
    mark: int = 0
    strays: bool = False

    @property
    def label(self) -> str:
        """What a person calls it: `UTF-8`, `Latin-1 (Windows-1252)`."""
        name = _LABELS.get(self.codec, self.codec)
        return f"{name} with some Latin-1 characters" if self.strays else name

    @property
    def errors(self) -> str:
        """The codec's error handler: a byte it does not know is read as Windows-1252, as browsers do."""
        return "touchstone.western"


@dataclass(frozen=True, slots=True)
class Contents:
    """What one pass over all bytes of a file found."""

    sha256: str
    size: int
    nuls: int
    encoding: Encoding
    plain: bool = False  # no letter beyond ASCII, no tab, no quote


class Readable(Protocol):
    """Anything that gives bytes: an open file, an archive member."""

    def read(self, size: int = ..., /) -> bytes: ...


def _western(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(_western_letter(byte) for byte in wrong), error.end


def _western_letter(byte: int) -> str:
    # five bytes are free in Windows-1252; Latin-1 gives them the control character of the same number
    return bytes([byte]).decode("cp1252", "ignore") or chr(byte)


codecs.register_error("touchstone.western", _western)


def guess(head: bytes) -> Encoding:
    """The encoding of a file from its first bytes: by its byte order mark, its pattern of NULs, whether it is UTF-8."""
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return Encoding(codec, len(mark))
    start = head[: 1 << 16]
    even, odd = start[0::2].count(0), start[1::2].count(0)
    half = max(1, len(start) // 2)
    if max(even, odd) > 0.3 * half and min(even, odd) < 0.05 * half:  # else they are padding, or no text
        return Encoding("utf-16-le" if odd > even else "utf-16-be")
    return _eight_bits(head)


def _eight_bits(part: bytes) -> Encoding:
    if _is_utf8(part):
        return Encoding("utf-8")
    valid = _SEVERAL_BYTES.findall(part)
    strays = len(_HIGH_BYTE.findall(part)) - sum(map(len, valid))
    # two letters of Windows-1252 may look like one of UTF-8, three or four in the right order hardly ever do
    sure = any(len(letter) > 2 for letter in valid)
    return Encoding("utf-8", strays=True) if sure or len(valid) > strays else Encoding("cp1252")


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # a character cut at the end of the sample is no error
    except UnicodeDecodeError:
        return False
    return True


def examine(path: Path, encoding: Encoding | None = None) -> Contents:
    """Hash all bytes of `path`, count its NULs and prove the encoding that its head suggests, in one streaming pass.

    A file that is UTF-8 up to a byte in its last row is found here and read as what it is. With `encoding` given the
    bytes are taken as that.
    """
    digest, nuls, size, plain = hashlib.sha256(), 0, 0, True
    # hashing takes as long as all the rest, and goes on beside it
    with path.open("rb", buffering=0) as file, ThreadPoolExecutor(max_workers=1) as beside:
        chunk = file.read(CHUNK)
        proof = _Proof(encoding or guess(chunk))
        while chunk:
            hashed = beside.submit(digest.update, chunk)
            nuls += chunk.count(0) if 0 in chunk else 0
            size += len(chunk)
            plain = plain and chunk.isascii() and b"\t" not in chunk and b'"' not in chunk
            proof.see(chunk)
            chunk = file.read(CHUNK)
            hashed.result()
    proof.end()
    if proof.encoding.codec.startswith(("utf-16", "utf-32")):
        nuls = 0  # half of every character there, not dirt
    return Contents(digest.hexdigest(), size, nuls, proof.encoding, plain=plain)


class _Proof:
    """Whether what was guessed to be UTF-8 is UTF-8 to the end, and what it is if not."""

    def __init__(self, guessed: Encoding) -> None:
        self.encoding = guessed
        self._decoder = codecs.getincrementaldecoder("utf-8")() if guessed.codec == "utf-8" else None
        self._letters = bool(guessed.mark)

    def see(self, chunk: bytes) -> None:
        if self._decoder is None or (chunk.isascii() and not self._decoder.getstate()[0]):
            return  # plain letters after whole ones prove themselves
        try:
            self._decoder.decode(chunk)
        except UnicodeDecodeError:
            self._decoder = None
            # characters already read as UTF-8 stay what they are
            again = Encoding("utf-8", strays=True) if self._letters else _eight_bits(chunk)
            self.encoding = Encoding(again.codec, self.encoding.mark, strays=again.codec == "utf-8")
        else:
            self._letters = self._letters or not chunk.isascii()

    def end(self) -> None:
        if self._decoder is not None and self._decoder.getstate()[0]:
            self.encoding = Encoding("utf-8", self.encoding.mark, strays=True)


def chunks(stream: Readable, encoding: Encoding) -> Iterator[str]:
    """The text of `stream` in pieces of about a megabyte, decoded, without its byte order mark and without NULs."""
    stream.read(encoding.mark)
    decoder = codecs.getincrementaldecoder(encoding.codec)(encoding.errors)
    while chunk := stream.read(CHUNK):
        yield decoder.decode(chunk).replace("\0", "")
    yield decoder.decode(b"", final=True)


def lines(stream: Readable, encoding: Encoding) -> Iterator[str]:
    """The physical lines of `stream` with their ends, decoded, without NULs; `\\n`, `\\r\\n` and `\\r` end a line.

    A line of more than `LONGEST_LINE` characters is cut to one more than that: the reader refuses it by its length.
    """
    rest = ""
    for chunk in chunks(stream, encoding):
        whole, rest = _whole_lines(rest + chunk)
        yield from StringIO(whole, newline="")
        if len(rest) > LONGEST_LINE:
            rest = rest[: LONGEST_LINE + 1]
    yield from StringIO(rest, newline="")


def _whole_lines(text: str) -> tuple[str, str]:
    # a carriage return at the very end may be half of a line end
    end = max(text.rfind("\n"), text.rfind("\r", 0, len(text) - 1)) + 1
    return text[:end], text[end:]

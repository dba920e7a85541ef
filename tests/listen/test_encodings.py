"""Which characters bytes stand for."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchstone.listen import encodings
from touchstone.listen.encodings import CHUNK, LONGEST_LINE, Encoding, examine, guess, lines


def test_a_character_cut_at_the_end_of_the_sample_is_still_utf_8() -> None:
    assert guess("schön ☃".encode()[:-1]).codec == "utf-8"


def test_nuls_as_dirt_do_not_make_a_file_utf_16() -> None:
    assert guess(b"id,score\n1,\0\0\0\n" * 20).codec == "utf-8"


def test_the_hash_is_that_of_all_bytes(tmp_path: Path) -> None:
    data = b"id,score\n" * 300_000
    (tmp_path / "a").write_bytes(data)
    contents = examine(tmp_path / "a")
    assert contents.sha256 == hashlib.sha256(data).hexdigest()
    assert contents.size == len(data)


def test_a_lone_letter_at_the_very_end_is_no_utf_8(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"id,word\n1,caf\xe9")
    encoding = examine(tmp_path / "a").encoding
    assert "".join(lines(BytesIO(b"1,caf\xe9"), encoding)) == "1,café"


def test_letters_already_read_as_utf_8_stay_so_when_a_stray_byte_follows(tmp_path: Path) -> None:
    data = "schön\n".encode() + b"plain\n" * 400_000 + b"caf\xe9\n" * 5
    (tmp_path / "a").write_bytes(data)
    encoding = examine(tmp_path / "a").encoding
    assert encoding == Encoding("utf-8", strays=True)
    assert set(lines(BytesIO(data), encoding)) == {"schön\n", "plain\n", "café\n"}


def test_bytes_that_windows_1252_leaves_free_are_no_error() -> None:
    assert list(lines(BytesIO(b"a\x81\x93b\x94"), Encoding("cp1252"))) == ["a\x81“b”"]


def test_line_separators_of_unicode_do_not_end_a_line() -> None:
    assert list(lines(BytesIO("a\u2028b\x0bc\x85\n".encode()), Encoding("utf-8"))) == ["a\u2028b\x0bc\x85\n"]


def test_a_line_without_end_is_not_held_in_memory() -> None:
    class Endless(BytesIO):
        left = 40

        def read(self, size: int | None = -1, /) -> bytes:
            self.left -= 1
            return b"x" * (size or 0) if self.left > 0 else b""

    assert [len(line) for line in lines(Endless(), Encoding("utf-8"))] == [LONGEST_LINE + 1]


@given(st.text(st.sampled_from("ab\r\né☃"), max_size=60), st.integers(1, 9))
def test_lines_do_not_depend_on_where_the_chunks_end(text: str, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encodings, "CHUNK", size)
        found = list(lines(BytesIO(text.encode()), Encoding("utf-8")))
    assert "".join(found) == text
    assert found == list(lines(BytesIO(text.encode()), Encoding("utf-8")))


@pytest.mark.parametrize(
    ("content", "plain"),
    [
        (b"id,text\n1,all well\n", True),
        (b"id,text\r\n1, all well \r\n", True),
        (b'id,text\n1,"all\nwell"\n', False),
        (b"id,text\n1,\tall well\n", False),
        ("id,text\n1,all well\u00a0\n".encode(), False),
        (b"id,text\n1,all well\xa0\n", False),
    ],
)
def test_a_file_without_tabs_quotes_and_letters_beyond_ascii_is_plain(
    tmp_path: Path, content: bytes, plain: bool
) -> None:
    (tmp_path / "a").write_bytes(content)
    assert examine(tmp_path / "a").plain is plain


def test_letters_that_end_in_the_next_piece_of_a_file_are_whole(tmp_path: Path) -> None:
    head = b"text\n" + b"a" * (CHUNK - 6)
    (tmp_path / "a").write_bytes(head + "é".encode() + b"b" * CHUNK)
    assert examine(tmp_path / "a").encoding.label == "UTF-8"
    (tmp_path / "b").write_bytes(head + "é".encode()[:1] + b"b" * CHUNK)
    assert examine(tmp_path / "b").encoding.label != "UTF-8"

"""Manglings of bytes and letters: encodings, byte order marks, stray bytes, NULs."""

from __future__ import annotations

import codecs

from tests.mangling.case import READ_AS, Case, Effect
from tests.mangling.catalogue import family, mangling

WORDS = ("Größe", "naïve café", "Ærø", "Łódź", "señor", "Ümläut", "Привет", "東京", "مرحبا", "שלום", "😀 ok")
WESTERN = WORDS[:3]


def lettered(case: Case, words: tuple[str, ...] = WORDS) -> None:
    """Words with letters beyond ASCII, in cells whose text nobody compares."""
    place = case.column(case.good.loose)
    for row in case.some(8):
        row.cells[place] = case.rng.choice(words)


def _unwritable(case: Case) -> None:
    """Rows with letters that the encoding does not have come out with question marks."""
    for row in case.rows:
        text = "".join(row.cells)
        if text.encode(case.codec, "replace").decode(case.codec) != text:
            row.touch()


def _encoded(kind: tuple[str, bytes], case: Case) -> None:
    case.codec, case.mark = kind
    lettered(case, WORDS if kind[0].startswith("utf") else WESTERN)
    _unwritable(case)
    if not case.codec.startswith("utf-8"):
        case.says.append(READ_AS)


family(
    "encodings",
    {
        "utf_8": ("utf-8", b""),
        "utf_8_marked": ("utf-8", codecs.BOM_UTF8),
        "utf_16_le_marked": ("utf-16-le", codecs.BOM_UTF16_LE),
        "utf_16_be_marked": ("utf-16-be", codecs.BOM_UTF16_BE),
        "utf_16_le_bare": ("utf-16-le", b""),
        "utf_16_be_bare": ("utf-16-be", b""),
        "utf_32_le_marked": ("utf-32-le", codecs.BOM_UTF32_LE),
        "utf_32_be_marked": ("utf-32-be", codecs.BOM_UTF32_BE),
        "windows_1252": ("cp1252", b""),
        "latin_1": ("latin-1", b""),
    },
    _encoded,
)


def _foreign(kind: tuple[str, str], case: Case) -> None:
    """An encoding that nothing in the file tells: letters may come out wrong, and the note says how it was read."""
    case.codec, word = kind
    place = case.column(case.good.loose)
    for row in case.rows:
        if not "".join(row.cells).isascii():
            row.touch()
    for row in case.some(8):
        row.cells[place] = word
        row.touch()
    _unwritable(case)
    # one cell for sure, so that there is something to be told
    case.rows[0].cells[place] = word
    case.rows[0].touch()
    case.says.append(READ_AS)


family(
    "encodings",
    {
        "windows_1251": ("cp1251", "Отзыв хороший"),
        "windows_1250": ("cp1250", "Łódź żółć"),
        "koi8_r": ("koi8-r", "Отзыв хороший"),
        "mac_roman": ("mac-roman", "Größe"),
        "shift_jis": ("shift_jis", "ソフトウェア"),
        "gb18030": ("gb18030", "很好"),
        "big5": ("big5", "很好"),
        "euc_kr": ("euc-kr", "좋아요"),
        "windows_1256": ("cp1256", "مرحبا"),
        "dos_437": ("cp437", "Größe"),
    },
    _foreign,
)


def _in_row(case: Case, wrong: bytes, *, last: bool = False) -> None:
    """Bytes put into the free text of a row: the place is held by a word until the bytes are made."""
    row = case.rows[-1] if last else case.rng.choice(case.rows)
    row.cells[case.column(case.good.loose)] = "qxzplaceqxz"
    row.touch()
    case.edits.append(lambda data: data.replace("qxzplaceqxz".encode(case.codec), wrong))


def _bytes_in_row(wrong: bytes, case: Case) -> None:
    _in_row(case, wrong)


family(
    "encodings",
    {
        "stray_byte": b"caf\xe9",
        "overlong_bytes": b"\xc0\xaf",
        "cut_letter": "ab€".encode()[:-1],
        "lone_surrogate_bytes": b"\xed\xa0\x80",
        "letter_beyond_unicode": b"\xf5\x80\x80\x80",
        "stray_bytes_80_to_9f": bytes(range(0x80, 0xA0)),
        "mark_in_the_middle": codecs.BOM_UTF8,
        "mojibake": "GrÃ¶ÃŸe".encode(),
        "replacement_letter": "Gr�e".encode(),
        "no_character": b"\xef\xbf\xbe",
    },
    _bytes_in_row,
)


@mangling("encodings")
def stray_byte_in_the_last_row(case: Case) -> None:
    _in_row(case, b"caf\xe9", last=True)


@mangling("encodings")
def stray_byte_after_long_utf_8(case: Case) -> None:
    lettered(case, WESTERN)
    _in_row(case, b"na\xefve", last=True)


@mangling("encodings")
def half_of_the_file_in_another_encoding(case: Case) -> None:
    place = case.column(case.good.loose)
    for row in case.rows:
        row.cells[place] = "Größe"
        row.touch()
    case.edits.append(
        lambda data: data[: len(data) // 2] + data[len(data) // 2 :].replace("Größe".encode(), b"Gr\xf6\xdfe")
    )


@mangling("encodings")
def mark_twice(case: Case) -> None:
    case.edits.append(lambda data: codecs.BOM_UTF8 * 2 + data)


@mangling("encodings")
def mark_of_another_encoding(case: Case) -> None:
    """A mark that says UTF-16 before bytes that are UTF-8."""
    case.may_refuse = case.unknowable = True
    case.touch()
    case.edits.append(lambda data: codecs.BOM_UTF16_LE + data)


@mangling("encodings")
def nul_bytes(case: Case) -> None:
    """NULs in the free text are removed, and said."""
    for row in case.some():
        row.cells[case.column(case.good.loose)] = "a\0b"
    case.says.append("NUL")


@mangling("encodings")
def nul_padding_at_the_end(case: Case) -> None:
    """What a crash leaves of a file that was allocated and not written."""
    case.edits.append(lambda data: data + b"\0" * 4096)
    case.says.append("NUL")


@mangling("encodings")
def odd_number_of_utf_16_bytes(case: Case) -> None:
    case.codec, case.mark = "utf-16-le", codecs.BOM_UTF16_LE
    case.rows[-1].touch()
    case.unknowable = True
    case.edits.append(lambda data: data[:-1])


@mangling("encodings")
def end_of_file_mark_of_dos(case: Case) -> None:
    case.rows[-1].touch()
    case.unknowable = True
    case.edits.append(lambda data: data + b"\x1a")


@mangling("encodings")
def control_letters_everywhere(case: Case) -> None:
    """So many control letters that it reads as no text."""
    place = case.column(case.good.loose)
    for row in case.rows:
        row.cells[place] = "\x01\x02\x03\x04\x05\x06" * 3
        row.touch(Effect.SAME)
    case.may_refuse = True


@mangling("encodings")
def letters_composed_in_two_ways(case: Case) -> None:
    lettered(case, ("Gro\u0308ße", "Größe"))


@mangling("encodings", alone=True)
def random_bytes(case: Case) -> None:
    noise = case.rng.randbytes(5_000)
    case.must_refuse = True
    case.edits.append(lambda data: noise)


@mangling("encodings")
def a_few_flipped_bits(case: Case) -> None:
    """Damage anywhere: only that all is accounted for can be said."""
    places = [case.rng.random() for _ in range(5)]
    case.touch()
    case.may_refuse = case.unknowable = True

    def flipped(data: bytes) -> bytes:
        damaged = bytearray(data)
        for place in places:
            damaged[int(place * len(data))] ^= 1 << case.rng.randrange(8)
        return bytes(damaged)

    case.edits.append(flipped)

"""Manglings of what a file is called and where it lies."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.mangling.case import Case
from tests.mangling.catalogue import family, mangling


def _named(name: str, case: Case) -> None:
    case.name = name


family(
    "names",
    {
        "name_with_blanks": "my export (final) 2.csv",
        "name_with_quotes": 'it\'s "mine".csv',
        "name_with_a_line_end": "two\nlines.csv",
        "name_with_a_leading_hyphen": "--help.csv",
        "name_of_a_pattern": "a*b?[c].csv",
        "name_of_braces": "{a,b}.csv",
        "name_of_sql": "x'; DROP TABLE y; --.csv",
        "name_of_markup": "<script>alert(1)<.csv",
        "name_of_emoji": "😀 東京 Größe.csv",
        "name_right_to_left": "\u202evsc.export.csv",
        "name_with_percent": "100%20%s.csv",
        "name_with_backslash": "a\\b.csv",
        "name_of_200_letters": "x" * 200 + ".csv",
        "name_without_ending": "export",
        "name_with_another_ending": "export.dat",
        "name_of_a_text": "export.txt",
        "name_of_tabs": "export.tsv",
        "name_in_capitals": "EXPORT.CSV",
        "name_with_two_endings": "export.csv.csv",
        "name_of_escape_letters": "a\x1b[31mb.csv",
        "name_of_a_null": "NULL.csv",
    },
    _named,
)


def _misnamed(name: str, case: Case) -> None:
    """A name that promises something else: what the file holds counts, or it is refused."""
    case.name = name
    case.may_refuse = True


family(
    "names",
    {
        "csv_called_xlsx": "export.xlsx",
        "csv_called_parquet": "export.parquet",
        "csv_called_json": "export.json",
        "csv_called_jsonl": "export.jsonl",
        "csv_called_gz": "export.csv.gz",
        "csv_called_zip": "export.zip",
        "csv_called_sav": "export.sav",
        "csv_called_pdf": "export.pdf",
    },
    _misnamed,
)


@mangling("names")
def name_that_is_no_utf_8(case: Case) -> None:
    case.name = os.fsdecode(b"caf\xe9.csv")


def _wrapped(wrap: Callable[[Path], Path], case: Case) -> None:
    case.wrap = wrap


def _linked(path: Path) -> Path:
    link = path.with_name("link.csv")
    link.symlink_to(path.name)
    return link


def _foldered(path: Path) -> Path:
    folder = path.parent / "a folder"
    folder.mkdir()
    path.rename(folder / path.name)
    return folder


def _deep(path: Path) -> Path:
    folder = path.parent / "a"
    place = folder / "b" / "c"
    place.mkdir(parents=True)
    path.rename(place / path.name)
    return folder


def _crowded(path: Path) -> Path:
    folder = _foldered(path)
    (folder / "README.md").write_text("# Exports\n\nNightly, by the job.\n")
    (folder / "notes.txt.bak").write_bytes(b"\x00\x01\x02" * 50)
    (folder / ".hidden").write_text("a,b\n1,2\n")
    (folder / "Thumbs.db").write_bytes(b"\xd0\xcf")
    (folder / "empty").mkdir()
    return folder


def _patterned(path: Path) -> Path:
    return path.parent / f"*{path.suffix}" if path.suffix else path


family(
    "names",
    {
        "a_link": _linked,
        "in_a_folder": _foldered,
        "in_folders_of_folders": _deep,
        "in_a_crowded_folder": _crowded,
        "by_a_pattern": _patterned,
    },
    _wrapped,
)


def _refused(make: Callable[[Path], Path], case: Case) -> None:
    """Nothing that could be read: refused with a sentence."""
    case.must_refuse = True
    case.pack = lambda one, folder: make(folder)


def _fifo(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.csv")
    return folder / "pipe.csv"


def _dangling(folder: Path) -> Path:
    (folder / "gone.csv").symlink_to("nowhere")
    return folder / "gone.csv"


def _circular(folder: Path) -> Path:
    (folder / "round.csv").symlink_to("round.csv")
    return folder / "round.csv"


def _empty_folder(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


def _fifo_in_a_folder(folder: Path) -> Path:
    place = _empty_folder(folder)
    os.mkfifo(place / "pipe.csv")
    return place


_SIGN_IN = (
    b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\n<body>Please sign in, and try again</body></html>\n"
)


def _holding(content: bytes) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        (folder / "file.csv").write_bytes(content)
        return folder / "file.csv"

    return made


family(
    "names",
    {
        "a_pipe": _fifo,
        "a_pipe_in_a_folder": _fifo_in_a_folder,
        "a_link_to_nowhere": _dangling,
        "a_link_to_itself": _circular,
        "an_empty_folder": _empty_folder,
        "no_such_file": lambda folder: folder / "nothing.csv",
        "no_such_folder": lambda folder: folder / "a" / "b.csv",
        "a_name_beyond_300_letters": lambda folder: folder / ("x" * 300),
        "a_device": lambda folder: Path("/dev/null"),
        "an_endless_device": lambda folder: Path("/dev/zero"),
        "a_pattern_for_nothing": lambda folder: folder / "*.nothing",
        "an_empty_file": _holding(b""),
        "a_file_of_blanks": _holding(b"   \n\n \t \n"),
        "a_file_of_nuls": _holding(b"\0" * 5_000),
        "a_file_of_one_letter": _holding(b"x"),
        "a_file_of_a_mark_only": _holding(b"\xef\xbb\xbf"),
        "a_file_of_one_quote": _holding(b'"'),
        "a_file_of_commas": _holding(b",,,,\n,,,,\n"),
        "a_page_of_the_web": _holding(_SIGN_IN),
        "a_page_of_text": _holding(b"Dear all,\n\nplease find the export attached.\n\nBest, Ada\n"),
        "a_picture": _holding(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8),
        "a_pdf": _holding(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"),
        "a_program": _holding(b"\x7fELF\x02\x01\x01" + b"\0" * 300),
        "a_database": _holding(b"SQLite format 3\0" + bytes(500)),
        "an_archive_of_tar": _holding(b"x.csv".ljust(257, b"\0") + b"ustar\x0000" + bytes(300)),
        "an_archive_of_7z": _holding(b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(range(200))),
        "an_archive_of_rar": _holding(b"Rar!\x1a\x07\x01\x00" + bytes(range(200))),
        "an_archive_of_bzip2": _holding(b"BZh91AY&SY" + bytes(range(200))),
        "an_archive_of_xz": _holding(b"\xfd7zXZ\x00\x00\x04" + bytes(range(200))),
        "an_archive_of_zstd": _holding(b"\x28\xb5\x2f\xfd" + bytes(range(200))),
    },
    _refused,
    alone=True,
)

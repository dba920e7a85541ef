"""Definitions: one writer, every version kept, hand edits noticed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from touchstone.core.errors import BadDefinition, BadFile
from touchstone.definitions import Definitions
from touchstone.lake.definitions import read_versions
from touchstone.measure.metrics import metrics_of, read_metric
from touchstone.workspace import Workspace

TEXT = (
    'label = "Liked"\ntable = "answers"\nunit = "%"\n\n[score]\nlowest = 1\nhighest = 5\nbands = [[1, 0], [4, 100]]\n'
)
STRICTER = TEXT.replace("[4, 100]", "[5, 100]")


@pytest.fixture
def home(tmp_path: Path) -> Definitions:
    return Definitions(Workspace.create(tmp_path / "home").folder)


def saved(home: Definitions, text: str = TEXT) -> int:
    return home.save("metrics", "liked", text, check=read_metric, author="Ada").version


def test_what_is_saved_is_a_file_and_a_version(home: Definitions) -> None:
    assert saved(home) == 1
    assert home.path("metrics", "liked").read_text("utf-8") == TEXT
    (one,) = home.history("metrics", "liked")
    assert (one.version, one.author, one.by_hand, one.body) == (1, "Ada", False, TEXT)


def test_the_same_text_again_is_no_new_version(home: Definitions) -> None:
    assert [saved(home), saved(home), saved(home, STRICTER), saved(home)] == [1, 1, 2, 3]
    assert [one.body for one in home.history("metrics", "liked")] == [TEXT, STRICTER, TEXT]


def test_what_does_not_hold_is_refused_and_nothing_is_written(home: Definitions) -> None:
    saved(home)
    with pytest.raises(BadDefinition, match="not TOML"):
        saved(home, "label = ")
    assert home.path("metrics", "liked").read_text("utf-8") == TEXT
    assert len(home.history("metrics", "liked")) == 1


@pytest.mark.parametrize("name", ["../secrets", "", "A", "a/b", "x" * 81, "ä"])
def test_a_name_cannot_lead_out_of_the_folder(home: Definitions, name: str) -> None:
    with pytest.raises(BadDefinition, match="cannot be a name"):
        home.save("metrics", name, TEXT, check=lambda name, text: None)
    assert not (home.folder / "definitions").exists()


def test_an_edit_by_hand_becomes_a_version_when_it_is_next_read(home: Definitions) -> None:
    saved(home)
    home.path("metrics", "liked").write_text(STRICTER, "utf-8")
    for _ in range(2):  # noticed once, and known afterwards
        found = home.current("metrics", check=read_metric)["liked"]
        assert (found.version, found.by_hand, found.body) == (2, True, STRICTER)
    assert len(home.history("metrics", "liked")) == 2


def test_saving_over_an_edit_by_hand_keeps_the_edit_as_a_version(home: Definitions) -> None:
    saved(home)
    home.path("metrics", "liked").write_text(STRICTER, "utf-8")
    assert saved(home) == 3
    assert [(one.version, one.by_hand) for one in home.history("metrics", "liked")] == [
        (1, False),
        (2, True),
        (3, False),
    ]


def test_an_edit_that_cannot_be_read_is_refused_and_no_version(home: Definitions) -> None:
    saved(home)
    home.path("metrics", "liked").write_text("label = ", "utf-8")
    with pytest.raises(BadDefinition, match="not TOML"):
        home.current("metrics", check=read_metric)
    home.path("metrics", "liked").write_bytes(b"label = '\xff'")
    with pytest.raises(BadFile, match="UTF-8"):
        home.current("metrics", check=read_metric)
    assert len(home.history("metrics", "liked")) == 1


def test_a_metric_of_the_workspace_carries_the_number_of_its_texts(home: Definitions) -> None:
    saved(home)
    assert metrics_of(home.folder)["liked"].version == 1
    home.path("metrics", "liked").write_text(STRICTER, "utf-8")
    changed = metrics_of(home.folder)["liked"]
    assert changed.version == 2
    assert metrics_of(home.folder)["nps"].version == 1


def test_where_there_is_no_workspace_nothing_is_written(tmp_path: Path) -> None:
    own = tmp_path / "definitions" / "metrics"
    own.mkdir(parents=True)
    (own / "liked.toml").write_text(TEXT, "utf-8")
    assert metrics_of(tmp_path)["liked"].version == 1
    assert not (tmp_path / "data").exists()


def test_two_who_save_at_once_make_two_versions(home: Definitions) -> None:
    code = (
        "import sys; from pathlib import Path; from touchstone.definitions import Definitions\n"
        "home = Definitions(Path(sys.argv[1]))\n"
        "for n in range(5): home.save('metrics', 'liked', f'{sys.argv[2]} {n}', check=lambda name, text: None)"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, str(home.folder), who]) for who in ("a", "b")]
    assert [one.wait(60) for one in started] == [0, 0]
    versions = read_versions(home.lake)
    assert [one.version for one in versions] == list(range(1, 11))
    assert home.path("metrics", "liked").read_text("utf-8") == versions[-1].body


def test_versions_outlive_an_import_that_was_stopped(home: Definitions) -> None:
    saved(home)
    lake = Workspace.open(home.folder).lake
    with pytest.raises(KeyError), lake.writing() as writer:
        writer.part_path("answers")
        raise KeyError
    assert [one.version for one in home.history("metrics", "liked")] == [1]

"""A question in other words becomes its next version, and two periods asked in other words are told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from touchstone.core.mapping import Mapping, Take
from touchstone.core.mapping import Question as Asked
from touchstone.core.period import Period
from touchstone.engine.rows import Question
from touchstone.listen.add import add
from touchstone.measure.metrics import metric_named
from touchstone.measure.wordings import Wording, reworded, wordings
from touchstone.workspace import Workspace

WORDS = "How likely are you to recommend us?"
OTHER = "Would you recommend us to a friend?"


@pytest.fixture
def home(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "home")


def taken(home: Workspace, name: str, header: str, days: tuple[str, ...], source: str = "survey") -> None:
    """Import a file whose question stands under `header`, always as the question 'recommend'."""
    path = home.folder / name
    rows = [f"{name}{place},{day},{9 - place % 4}" for place, day in enumerate(days)]
    path.write_text("\n".join([f'id,day,"{header}"', *rows]) + "\n", "utf-8")
    question = Asked(headers=(WORDS, OTHER, WORDS.upper()), question_id="recommend", metric="nps", scale=(0, 10))
    mapping = Mapping(
        table="answers",
        source=Take(constant=source),
        columns={"submission_id": Take(headers=("id",)), "answered_at": Take(headers=("day",))},
        unpivot=(question,),
    )
    add(home, [path], mapping=mapping)


def versions(home: Workspace) -> list[tuple[int, str]]:
    data = home.data()
    rows = data.fetch(data.table("questions").select("version", "wording", "import_number")).rows
    return sorted((row["version"], row["wording"]) for row in rows)


def words(home: Workspace, period: str) -> list[str]:
    found = wordings(home.data(), metric_named("nps"), Question(period=Period.parse(period)))
    return [one.words for one in found]


def test_the_same_words_again_bring_no_version(home: Workspace) -> None:
    taken(home, "a.csv", WORDS, ("2024-03-01", "2024-03-02"))
    taken(home, "b.csv", WORDS, ("2025-03-01",))
    taken(home, "c.csv", WORDS.upper(), ("2025-04-01",))  # capitals are no other words
    assert versions(home) == [(1, WORDS)]


def test_other_words_are_the_next_version_and_belong_to_the_answers_that_came_with_them(home: Workspace) -> None:
    taken(home, "a.csv", WORDS, ("2024-03-01", "2024-03-02"))
    taken(home, "b.csv", OTHER, ("2025-03-01",))
    taken(home, "c.csv", WORDS, ("2026-03-01",))
    assert versions(home) == [(1, WORDS), (2, OTHER), (3, WORDS)]
    assert [words(home, year) for year in ("2024", "2025", "2026")] == [[WORDS], [OTHER], [WORDS]]


def test_two_surveys_keep_their_own_words(home: Workspace) -> None:
    taken(home, "a.csv", WORDS, ("2024-03-01",), source="web")
    taken(home, "b.csv", OTHER, ("2024-03-01",), source="shop")
    taken(home, "c.csv", WORDS, ("2025-03-01",), source="web")
    taken(home, "d.csv", OTHER, ("2025-03-02",), source="shop")
    assert versions(home) == [(1, WORDS), (2, OTHER)]
    assert words(home, "2024") == words(home, "2025") == sorted([WORDS, OTHER])


def test_a_repeated_import_in_changed_words_changes_no_answer(home: Workspace) -> None:
    taken(home, "a.csv", WORDS, ("2024-03-01",))
    before = home.data()
    n = before.fetch(before.table("answers").aggregate(n=before.table("answers").count())).rows
    taken(home, "a.csv", WORDS, ("2024-03-01",))
    after = home.data()
    assert after.number == before.number == 1
    assert after.fetch(after.table("answers").aggregate(n=after.table("answers").count())).rows == n


def test_what_changed_is_said_with_its_day(home: Workspace) -> None:
    taken(home, "a.csv", WORDS, ("2024-03-01",))
    taken(home, "b.csv", OTHER, ("2025-03-05", "2025-03-02"))
    before, now = (
        wordings(home.data(), metric_named("nps"), Question(period=Period.parse(year))) for year in ("2024", "2025")
    )
    assert reworded(before, now) == f"the question was '{WORDS}' and is since 2025-03-02 '{OTHER}'"
    assert reworded(before, (Wording("how likely are you, to recommend us"),)) == ""
    assert reworded((), before) == f"'{WORDS}' is asked since 2024-03-01 as well"
    assert reworded(before, ()) == f"'{WORDS}' is no longer asked"

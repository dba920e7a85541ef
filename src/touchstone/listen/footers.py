"""Last lines that are no rows: the period of a report, a line of totals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from touchstone.listen.records import Broken, Record

_MOST = 3  # lines of a footer
_NARROWEST, _NARROWEST_FILLED = 3, 5  # columns: in a narrow table a row may well have one filled cell
_LEAST = 2  # rows that must stand above
_TOTALS = {
    "total", "totals", "sum", "grand total", "summe", "gesamt", "gesamtsumme", "insgesamt", "somme", "total général",
    "totale", "suma", "total general", "totaal", "итого",
}  # fmt: skip


def like_a_footer(cells: Sequence[str], width: int, *, cut: bool = False) -> bool:
    """Whether a record of a table of `width` columns reads like a footer: a sentence alone, or a line of totals.

    Where the text is `cut` off in this record, too few cells prove nothing.
    """
    if width < _NARROWEST or not cells or len(cells) > width:
        return False
    first = cells[0].strip()
    if len(first) < 20 and first.strip(" :").casefold() in _TOTALS:
        return sum(1 for cell in cells if cell.strip()) <= width / 2
    if any(cells[1:]) or len(first.split()) < 2:
        return False
    return width >= _NARROWEST_FILLED if len(cells) == width else not cut


class Footers:
    """Holds back what may be a footer until it is clear whether rows follow."""

    def __init__(self, width: int, *, cut: bool = False) -> None:
        self._width = width
        self._cut = cut
        self._held: list[Record] = []
        self._rows = 0
        self._alike = False  # whether a row in the middle looked like this, so that it is no sign of the end

    def without(self, rows: Iterable[Record | Broken]) -> Iterator[Record | Broken]:
        """`rows` up to the footer; blank lines within it are none of it."""
        for record in rows:
            if isinstance(record, Broken):
                yield from self._released()
                yield record
            elif any(record.cells):
                yield from self._passed(record)
            else:
                yield record
        if self._rows < _LEAST:
            yield from self._released()

    def _passed(self, record: Record) -> Iterator[Record]:
        """What is now known to be rows: nothing if `record` is held back, else those held back before it, and it."""
        if not self._alike and like_a_footer(record.cells, self._width, cut=self._cut):
            self._held.append(record)
            if len(self._held) > _MOST:
                yield from self._released()
            return
        yield from self._released()
        self._rows += 1
        yield record

    def _released(self) -> Iterator[Record]:
        """What was held back, as rows: others follow."""
        self._alike = self._alike or bool(self._held)
        self._rows += len(self._held)
        held, self._held = self._held, []
        yield from held

    def notes(self) -> list[str]:
        """What was left out, as a sentence."""
        if not self._held:
            return []
        texts = "; ".join(" ".join(filter(None, record.cells))[:80] for record in self._held)
        last = "The last line is no row" if len(self._held) == 1 else f"The last {len(self._held)} lines are no rows"
        return [f"{last} and was left out: '{texts}'."]

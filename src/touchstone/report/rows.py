"""The layout that most charts share: one row per group, in each column a value with its interval and its words.

Everything is drawn from two primitives that are plain JSON: points with a label, and straight segments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from touchstone.core.estimate import Estimate, Measured
from touchstone.report.sentences import amount, spread, value
from touchstone.report.text import clipped, literal

Json = dict[str, object]
MAP, WIDE, NARROW = 1120, 540, 310

INK, MUTED, LINE = "var(--ink,#16202b)", "var(--muted,#525d6d)", "var(--line,#e1e5eb)"
FAINT = "var(--faint,#87919f)"
ACCENT, GOOD, BAD = "var(--accent,#2455c3)", "var(--good,#17693f)", "var(--bad,#b0360a)"
FOOT, WORDS, GAP, MOST_BESIDE = 22, 74, 12, 26


@dataclass(frozen=True, slots=True)
class Chart:
    """ECharts options (JSON only) and the size in pixels they are laid out for."""

    options: Json
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Label:
    """The name of a row and a remark on it; a `heading` names the rows below it and has no values."""

    text: str
    note: str = ""
    heading: bool = False

    @property
    def longest(self) -> int:
        """Letters of its longer line, as far as they are shown."""
        return max(len(clipped(self.text, MOST_BESIDE)), len(clipped(self.note, MOST_BESIDE)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One value per row (None for a heading), as dots, or as bars where zero is where an amount begins."""

    head: str
    values: Sequence[Measured | None]
    colours: Sequence[str]
    bars: bool = False
    reference: float | None = None
    reference_label: str = ""


@dataclass(frozen=True, slots=True)
class _Row:
    """Where a row lies, in pixels below the top of the plot."""

    name: float
    value: float
    end: float


def options(**parts: object) -> Json:
    """ECharts options with what all our charts share: still, in the page's own type."""
    return {"animation": False, "textStyle": {"fontFamily": "inherit", "fontSize": 12, "color": MUTED}, **parts}


def text(words: str, colour: str, **style: object) -> Json:
    """A label style. Without a halo: it would be drawn over the text in print."""
    return {"show": True, "formatter": words, "color": colour, "fontSize": 12, "textBorderWidth": 0, **style}


def rows(labels: Sequence[Label], columns: Sequence[Column], *, width: int) -> Chart:
    """Rows of `columns`, drawn for `width` pixels: names beside the values, or above them where it is narrow."""
    narrow = width <= NARROW
    places = _places(labels, narrow=narrow)
    names = 0 if narrow else 24 + 6.8 * max((label.longest for label in labels), default=0)
    foot = FOOT if any(column.reference is not None for column in columns) else 4
    deep = places[-1].end if places else 0
    share = (width - names - GAP * (len(columns) - 1)) / max(1, len(columns))
    heads = [_wrapped(column.head, share) for column in columns]
    top = 10 + 16 * max((head.count("\n") + 1 for head in heads if head), default=0)
    grids, x_axes, y_axes, series = [], [], [], []
    for index, column in enumerate(columns):
        left = names + index * (share + GAP) + 8
        plot = max(24, share - WORDS - 16)
        low, high = _range(column)
        grids.append({"left": round(left), "width": round(plot), "top": top, "height": round(deep)})
        x_axes.append({"type": "value", "min": low, "max": high, "show": False, "gridIndex": index})
        y_axes.append({"type": "value", "min": 0, "max": deep, "inverse": True, "show": False, "gridIndex": index})
        series += _column(column, places, index, low, high)
        series.append(_head(heads[index], index, low))
    series.append(_names(labels, places, _range(columns[0])[0], 0 if narrow else 16))
    return Chart(options(grid=grids, xAxis=x_axes, yAxis=y_axes, series=series), width, round(top + deep + foot))


def _places(labels: Sequence[Label], *, narrow: bool) -> list[_Row]:
    found: list[_Row] = []
    at = 0.0
    for label in labels:
        if label.heading:
            found.append(_Row(at + 18, at + 18, at + 26))
        elif narrow:
            found.append(_Row(at + 9, at + 32, at + 54))
        else:
            found.append(_Row(at + 20, at + 20, at + 40))
        at = found[-1].end
    return found


def _range(column: Column) -> tuple[float, float]:
    ends = [end for one in column.values if isinstance(one, Estimate) for end in (one.low, one.high)]
    ends += [column.reference] if column.reference is not None else []
    ends += [0.0] if column.bars or not ends else []
    low, high = min(ends), max(ends)
    pad = 0.04 * (high - low) or 1.0
    return (0.0 if column.bars and low >= 0 else low - pad), high + pad


def _column(column: Column, places: Sequence[_Row], index: int, low: float, high: float) -> list[Json]:
    segments, points, words = [], [], []
    for measured, colour, place in zip(column.values, column.colours, places, strict=True):
        if measured is None:
            continue
        if isinstance(measured, Estimate):
            if column.bars:
                segments.append(segment((0, place.value), (measured.value, place.value), colour, 18, 0.16, "butt"))
            ends = (measured.low, place.value), (measured.high, place.value)
            segments.append(segment(*ends, colour, 7, 0.32, "round"))
            points.append(point(measured.value, place.value, itemStyle={"color": colour}))
        words.append(point(high, place.value, label=_words(measured)))
    if column.bars and low < 0 < high:
        segments.append(segment((0, 0), (0, places[-1].end), LINE, 1, 1, "butt"))
    return [
        *_reference(column, places, index),
        dots(points, axes=index, size=9, segments=segments),
        dots(words, axes=index),
    ]


def _words(measured: Measured) -> Json:
    style = {"position": "right", "distance": 12, "lineHeight": 15}
    if not isinstance(measured, Estimate):
        return text("no number", MUTED, **style)
    shown = value(measured) if measured.unit == "points" else amount(measured)
    words = f"{{v|{literal(shown)}}}\n{{i|{literal(spread(measured))}}}"
    rich = {"v": {"color": INK, "fontWeight": 600, "fontSize": 12.5}, "i": {"color": MUTED, "fontSize": 11.5}}
    return text(words, INK, rich=rich, **style)


def _reference(column: Column, places: Sequence[_Row], index: int) -> list[Json]:
    if column.reference is None or not places:
        return []
    bottom = places[-1].end
    label = text(literal(column.reference_label), MUTED, position="bottom", distance=4)
    line = segment((column.reference, 0), (column.reference, bottom), MUTED, 1, 0.7, "butt", dashed=True)
    return [dots([point(column.reference, bottom, label=label)], axes=index, segments=[line])]


def _head(words: str, index: int, low: float) -> Json:
    label = text(
        literal(words), MUTED, position="right", align="left", verticalAlign="bottom", distance=0, offset=[0, -8]
    )
    return dots([point(low, 0, label=label | {"lineHeight": 16})] if words else [], axes=index)


def _wrapped(words: str, pixels: float) -> str:
    """`words` in at most two lines of `pixels`, by an average letter of 7 pixels."""
    return "\n".join(wrap(words, max(8, int(pixels / 7)), max_lines=2, placeholder="…"))


def _names(labels: Sequence[Label], places: Sequence[_Row], low: float, distance: int) -> Json:
    beside = distance > 0
    points = []
    for label, place in zip(labels, places, strict=True):
        style: Json = {"position": "left" if beside else "right", "distance": distance, "lineHeight": 15}
        if label.heading:
            style |= {"fontSize": 11, "fontWeight": 600}
        words = literal(clipped(label.text, MOST_BESIDE if beside else 40))
        if label.note:
            aside: Json = {"color": MUTED, "fontSize": 11.5, "padding": 0 if beside else [0, 0, 0, 8]}
            style["rich"] = {"name": {"color": INK, "fontSize": 12}, "note": aside}
            note = literal(clipped(label.note, MOST_BESIDE))
            words = f"{{name|{words}}}" + ("\n" if beside else "") + f"{{note|{note}}}"
        points.append(point(low, place.name, label=text(words, MUTED if label.heading else INK, **style)))
    return dots(points)


def dots(points: Sequence[Json], *, axes: int = 0, size: float = 0.01, segments: Sequence[list[Json]] = ()) -> Json:
    """Labelled points in the plot number `axes`; by default only their labels are seen."""
    return {
        "type": "scatter",
        "xAxisIndex": axes,
        "yAxisIndex": axes,
        "symbolSize": size,
        "z": 4,
        "clip": False,
        "itemStyle": {"color": ACCENT if size > 1 else "transparent", "opacity": 1},
        "data": list(points),
        "markLine": lines(segments),
    }


def point(x: float, y: float, **parts: object) -> Json:
    """One point of the plot, with its label or colour."""
    return {"value": [x, y], **parts}


def segment(
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str,
    width: float,
    opacity: float,
    cap: str,
    *,
    dashed: bool = False,
) -> list[Json]:
    """A straight piece from one point of the plot to another, as ECharts draws a marked line."""
    style = {"color": colour, "width": width, "opacity": opacity, "cap": cap, "type": [2, 4] if dashed else "solid"}
    return [{"coord": list(start), "lineStyle": style}, {"coord": list(end)}]


def lines(segments: Sequence[list[Json]]) -> Json:
    """The marked lines of a series: without arrows, without labels, below its points."""
    return {"symbol": "none", "label": {"show": False}, "z": 3, "data": list(segments)}

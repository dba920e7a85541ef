"""Charts as plain data: each function turns one figure of the story into ECharts options, JSON through and through.

No callbacks and no colours of their own: colours are names (`var(--ink)`) that the page's style sheet fills in, light
or dark, with a fallback for a picture that travels alone. Labels sit on the data, so no chart needs a legend.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from math import ceil, floor, log10
from textwrap import wrap

from touchstone.core.estimate import Estimate, Measured, plain
from touchstone.report.rows import (
    ACCENT,
    BAD,
    FAINT,
    GOOD,
    INK,
    LINE,
    MAP,
    MUTED,
    NARROW,
    WIDE,
    Chart,
    Column,
    Json,
    Label,
    dots,
    lines,
    options,
    point,
    rows,
    segment,
    text,
)
from touchstone.report.sentences import MINUS, NBSP, value
from touchstone.report.story import (
    DistributionFigure,
    DriverFigure,
    GroupFigure,
    JourneyFigure,
    Tone,
    TrendFigure,
    ValueTable,
)
from touchstone.report.text import clipped, literal

TONES: dict[Tone, str] = {"good": GOOD, "bad": BAD, "caution": ACCENT, "neutral": ACCENT}


def trend(figure: TrendFigure, *, width: int = WIDE) -> Chart:
    """A line with its interval as a band, baseline and target as lines, events as marks; a gap stays a gap."""
    wide = width > NARROW
    measured = [point.measured for point in figure.points]
    marks = [mark for mark in (figure.baseline, figure.target) if mark is not None]
    low, high, step = nice_scale([*_ends(measured), *marks])
    height, top, bottom = (280 if wide else 230), 14 + 16 * len(figure.events), 28
    right = 18 + 7.2 * max((len(words) for _, words, _, _ in _ends_in_words(figure, measured)), default=0)
    x_axis = _periods([point.label for point in figure.points], room=width - 38 - right)
    y_axis = {
        "type": "value",
        "min": low,
        "max": high,
        "interval": step,
        "axisLabel": {"color": MUTED, "fontSize": 12, "margin": 10},
        "splitLine": {"lineStyle": {"color": LINE, "width": 1}},
    }
    series = [
        *_band(measured),
        _line(figure, measured),
        _end_labels(figure, measured, (high - low) / (height - top - bottom) * 16),
    ]
    grid = {"left": 38, "right": round(right), "top": top, "bottom": bottom}
    return Chart(options(grid=grid, xAxis=x_axis, yAxis=y_axis, series=series), width, height)


def nice_scale(values: Sequence[float]) -> tuple[float, float, float]:
    """Low end, high end and step of an axis that holds `values` with round numbers, three to six steps long."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    span = max(high - low, 1e-6 * max(1.0, abs(low), abs(high)))
    rough = span / 4
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first, last = floor(low / step), ceil(high / step)
    return first * step, max(last, first + 1) * step, step


def _ends(measured: Sequence[Measured]) -> list[float]:
    return [end for one in measured if isinstance(one, Estimate) for end in (one.low, one.high)]


def _periods(labels: Sequence[str], *, room: float) -> Json:
    # as many labels as fit, counted back from the newest, which is the one people look for
    widest = 14 + 7.2 * max((len(clipped(label, 12)) for label in labels), default=1)
    every = max(1, ceil((len(labels) - 1) * widest / room))
    shown = [clipped(one, 12) if (len(labels) - 1 - at) % every == 0 else "" for at, one in enumerate(labels)]
    return {
        "type": "category",
        "data": shown,
        "boundaryGap": False,
        "axisTick": {"show": False},
        "axisLine": {"show": False},
        "axisLabel": {"color": MUTED, "fontSize": 12, "interval": 0, "margin": 12},
    }


def _band(measured: Sequence[Measured]) -> list[Json]:
    # stackStrategy all: the lower edge may lie below zero while the width is always positive
    plain_line = {"type": "line", "stack": "interval", "stackStrategy": "all", "symbol": "none"}
    edge = plain_line | {"lineStyle": {"opacity": 0}}
    lows = [one.low if isinstance(one, Estimate) else None for one in measured]
    widths = [one.high - one.low if isinstance(one, Estimate) else None for one in measured]
    return [
        edge | {"name": "low", "data": lows},
        edge | {"name": "interval", "data": widths, "areaStyle": {"color": ACCENT, "opacity": 0.14}},
    ]


def _line(figure: TrendFigure, measured: Sequence[Measured]) -> Json:
    last = len(measured) - 1
    data: list[Json | None] = []
    whiskers: list[list[Json]] = []
    for at, one in enumerate(measured):
        if not isinstance(one, Estimate):
            data.append(None)
            continue
        alone = not any(isinstance(measured[near], Estimate) for near in (at - 1, at + 1) if 0 <= near <= last)
        data.append({"value": one.value, "symbol": "circle" if alone or at == last else "none"})
        if alone:
            # a band needs two neighbours; a period between gaps shows its interval as a bar
            whiskers.append(segment((at, one.low), (at, one.high), ACCENT, 7, 0.3, "round"))
    end = max(0, last)
    for mark, colour in ((figure.baseline, MUTED), (figure.target, GOOD)):
        if mark is not None:
            whiskers.append(segment((0, mark), (end, mark), colour, 1.2, 1, "butt", dashed=True))
    marked = lines(whiskers)
    return {
        "name": figure.title,
        "type": "line",
        "data": data,
        "connectNulls": False,
        "symbolSize": 8,
        "z": 4,
        "lineStyle": {"color": ACCENT, "width": 2.2},
        "itemStyle": {"color": ACCENT},
        "markLine": marked | {"data": [*whiskers, *_events(figure)]},
        "markArea": _gaps(measured),
    }


def _events(figure: TrendFigure) -> list[Json]:
    labels = [point.label for point in figure.points]
    found = []
    for level, event in enumerate(figure.events):
        at = labels.index(event.at)
        late = at > 0.6 * (len(labels) - 1)
        label = text(
            literal(clipped(event.label, 34)),
            MUTED,
            opacity=1,
            position="end",
            align="right" if late else "left",
            offset=[-4 if late else 4, 16 * (len(figure.events) - 1 - level) - 16 * (len(figure.events) - 1)],
        )
        found.append(
            {"xAxis": at, "label": label, "lineStyle": {"color": MUTED, "width": 1, "opacity": 0.6, "type": "solid"}}
        )
    return found


def _gaps(measured: Sequence[Measured]) -> Json:
    """Faint areas over the periods without a number, from the last one known to the next."""
    last = len(measured) - 1
    areas = []
    start = None
    for at, one in enumerate(measured):
        if not isinstance(one, Estimate) and start is None:
            start = max(0, at - 1)
        if start is not None and (isinstance(one, Estimate) or at == last):
            areas.append([{"xAxis": start}, {"xAxis": at}])
            start = None
    return {"itemStyle": {"color": LINE, "opacity": 0.45}, "label": {"show": False}, "data": areas}


def _ends_in_words(figure: TrendFigure, measured: Sequence[Measured]) -> list[tuple[float, str, str, int]]:
    """Place, words, colour and weight of what stands at the right end: the newest value, baseline and target."""
    ends: list[tuple[float, str, str, int]] = []
    newest = measured[-1] if measured else None
    if isinstance(newest, Estimate):
        ends.append((newest.value, value(newest), INK, 700))
    for mark, word, colour in ((figure.baseline, "baseline", MUTED), (figure.target, "target", GOOD)):
        if mark is not None:
            ends.append((mark, f"{word} {_short(mark)}", colour, 400))
    return ends


def _end_labels(figure: TrendFigure, measured: Sequence[Measured], apart: float) -> Json:
    """The words at the right end, moved apart where they would overlap."""
    ends = _ends_in_words(figure, measured)
    points = []
    for place, (_, words, colour, weight) in zip(_apart([end[0] for end in ends], apart), ends, strict=True):
        label = text(words, colour, position="right", distance=9, fontWeight=weight)
        points.append(point(len(measured) - 1, place, label=label))
    return dots(points)


def _apart(places: Sequence[float], least: float) -> list[float]:
    """`places` moved as little as needed to lie `least` apart, in the order given."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = list(places)
    for _ in range(4):
        for below, above in pairwise(order):
            overlap = least - (moved[above] - moved[below])
            if overlap > 0:
                moved[below] -= overlap / 2
                moved[above] += overlap / 2
    return moved


def _short(number: float) -> str:
    return plain(number, 0 if float(number).is_integer() else 1).replace("-", MINUS)


def forest(figure: GroupFigure, *, width: int = WIDE) -> Chart:
    """One interval per group, beside the line where all together stand."""
    column = Column(
        head="",
        values=[row.measured for row in figure.rows],
        colours=[TONES[row.tone] for row in figure.rows],
        reference=figure.reference,
        reference_label=_reference_words(figure.reference_label, figure.reference),
    )
    return rows([Label(row.label) for row in figure.rows], [column], width=width)


def _reference_words(label: str, reference: float | None) -> str:
    return "" if reference is None else f"{clipped(label, 24)} {_short(reference)}"


def journey_rows(figure: JourneyFigure, *, width: int = WIDE) -> Chart:
    """The journey downwards: a heading per stage, below it the interval of each moment."""
    labels: list[Label] = []
    values: list[Measured | None] = []
    colours: list[str] = []
    stage = None
    for moment in figure.moments:
        if moment.stage and moment.stage != stage:
            labels.append(Label(moment.stage, heading=True))
            values.append(None)
            colours.append(MUTED)
        stage = moment.stage
        labels.append(Label(moment.label))
        values.append(moment.measured)
        colours.append(TONES[moment.tone])
    column = Column(
        head="",
        values=values,
        colours=colours,
        reference=figure.reference,
        reference_label=_reference_words(figure.reference_label, figure.reference),
    )
    return rows(labels, [column], width=width)


def journey_map(figure: JourneyFigure, *, width: int = MAP) -> Chart:
    """The journey from left to right under its stages: the curve of the scores, each with its interval."""
    measured = [moment.measured for moment in figure.moments]
    count = len(measured)
    slot = (width - 24 - 90) / max(1, count)
    ends = [*_ends(measured), *([figure.reference] if figure.reference is not None else [])] or [0.0]
    pad = 0.06 * (max(ends) - min(ends)) or 1.0
    low, high = min(ends) - pad, max(ends) + pad
    strip: Json = {"left": 12, "right": 102, "top": 2, "height": 28}
    main: Json = {"left": 12, "right": 102, "top": 62, "height": 176}
    x_axis: Json = {"type": "value", "min": 0, "max": max(1, count), "show": False}
    y_axes: list[Json] = [{"type": "value", "min": 0, "max": 1}, {"type": "value", "min": low, "max": high}]
    curve = [
        [at + 0.5, one.value] if isinstance(one, Estimate) else [at + 0.5, None] for at, one in enumerate(measured)
    ]
    series = [
        _stages(figure),
        {
            "type": "line",
            "xAxisIndex": 1,
            "yAxisIndex": 1,
            "data": curve,
            "symbol": "none",
            "smooth": 0.35,
            "smoothMonotone": "x",
            "lineStyle": {"color": ACCENT, "width": 2, "opacity": 0.7},
        },
        *_stops(figure, low, high, slot),
    ]
    chart = options(
        grid=[strip, main],
        xAxis=_indexed([x_axis] * 2),
        yAxis=_indexed([axis | {"show": False} for axis in y_axes]),
        series=series,
    )
    return Chart(chart, width, 300)


def _stages(figure: JourneyFigure) -> Json:
    """The strip of stages above the journey, each as wide as its moments."""
    segments, names = [], []
    start = 0
    for stage, group in groupby(figure.moments, key=lambda moment: moment.stage):
        end = start + len(list(group))
        if stage:
            segments.append(segment((start + 0.04, 0.5), (end - 0.04, 0.5), ACCENT, 26, 0.12, "butt"))
            label = text(literal(clipped(stage, 14 * (end - start))), INK, position="inside", fontWeight=600)
            names.append(point((start + end) / 2, 0.5, label=label))
        start = end
    return dots(names, segments=segments)


def _stops(figure: JourneyFigure, low: float, high: float, slot: float) -> list[Json]:
    """Each moment's interval, point and value; below the plot its name and how many pass it."""
    segments, points, words = [], [], []
    for at, moment in enumerate(figure.moments):
        x, one, colour = at + 0.5, moment.measured, TONES[moment.tone]
        if isinstance(one, Estimate):
            segments.append(segment((x, one.low), (x, one.high), colour, 8, 0.32, "round"))
            points.append(point(x, one.value, itemStyle={"color": colour}))
            label = text(value(one), colour if moment.tone in ("good", "bad") else INK, fontWeight=700, fontSize=14)
            words.append(point(x, one.high, label=label | {"position": "top", "distance": 9}))
        else:
            label = text("no number", MUTED, position="inside")
            words.append(point(x, (low + high) / 2, label=label))
        name = "\n".join(wrap(clipped(moment.label, 30), max(6, int(slot / 7.2)), max_lines=2, placeholder="…"))
        style: Json = {"v": {"color": INK, "fontWeight": 600, "fontSize": 12}, "i": {"color": MUTED, "fontSize": 11.5}}
        lines_of = [f"{{v|{literal(line)}}}" for line in name.split("\n")]
        lines_of += [f"{{i|{literal(clipped(moment.passing, 16))}}}"] if moment.passing else []
        label = text("\n".join(lines_of), INK, rich=style, position="bottom", distance=10, lineHeight=16)
        words.append(point(x, low, label=label))
    if figure.reference is not None:
        end = len(figure.moments)
        segments.append(segment((0, figure.reference), (end, figure.reference), MUTED, 1, 0.7, "butt", dashed=True))
        label = text(literal(_reference_words(figure.reference_label, figure.reference)), MUTED, position="right")
        words.append(point(end, figure.reference, label=label | {"distance": 4}))
    return [dots(points, axes=1, size=12, segments=segments), dots(words, axes=1)]


def importance_performance(figure: DriverFigure, *, width: int = WIDE) -> Chart:
    """What each driver explains of the score, as bars, beside how it is rated, as dots; both with intervals."""
    colours = [TONES[row.tone] for row in figure.rows]
    importance = Column(
        head="share of the explanation", values=[row.importance for row in figure.rows], colours=colours, bars=True
    )
    performance = Column(
        head=figure.performance_label, values=[row.performance for row in figure.rows], colours=colours
    )
    return rows([Label(row.label) for row in figure.rows], [importance, performance], width=width)


def value_bars(table: ValueTable, *, width: int = WIDE) -> Chart:
    """The amount per customer of each score group, observed beside forecast, from zero and with intervals."""
    colours = [ACCENT] * len(table.rows)
    columns = [
        Column(head=head, values=values, colours=colours, bars=True)
        for head, values in (
            (table.observed_label, [row.observed for row in table.rows]),
            (table.forecast_label, [row.forecast for row in table.rows]),
        )
    ]
    sizes = ["hidden" if row.customers is None else f"{row.customers:,} customers" for row in table.rows]
    return rows([Label(row.group, size) for row, size in zip(table.rows, sizes, strict=True)], columns, width=width)


def distribution(figure: DistributionFigure, *, width: int = WIDE) -> Chart:
    """How many answers gave each score, in the colours of its band, each band headed by its share."""
    total = sum(band.count for band in figure.bands) or 1
    tallest = max((band.count for band in figure.bands), default=1) or 1
    count = len(figure.bands)
    bars = [
        {"value": band.count, "itemStyle": {"color": _BANDS[band.tone], "borderRadius": [3, 3, 0, 0]}}
        for band in figure.bands
    ]
    axis = {"type": "category", "data": [clipped(band.score, 6) for band in figure.bands], "axisTick": {"show": False}}
    axis |= {"axisLine": {"lineStyle": {"color": LINE}}, "axisLabel": {"color": MUTED, "fontSize": 12, "interval": 0}}
    # a second, numeric axis places the heads in the middle of their bands
    middle = {"type": "value", "min": 0, "max": max(1, count), "show": False}
    y_axes = [{"type": "value", "min": 0, "max": tallest, "show": False}] * 2
    grid = {"left": 4, "right": 4, "top": 46, "bottom": 26}
    series = [
        {"type": "bar", "data": bars, "barCategoryGap": "18%"},
        dots(_band_heads(figure, total, tallest, 12 if width > NARROW else 10.5), axes=1),
    ]
    chart = options(grid=[grid, grid], xAxis=[axis, middle | {"gridIndex": 1}], yAxis=_indexed(y_axes), series=series)
    return Chart(chart, width, 240 if width > NARROW else 210)


_BANDS: dict[Tone, str] = {"good": ACCENT, "bad": BAD, "caution": FAINT, "neutral": FAINT}


def _band_heads(figure: DistributionFigure, total: int, tallest: int, size: float) -> list[Json]:
    heads = []
    start = 0
    for name, group in groupby(figure.bands, key=lambda band: band.band):
        counts = [band.count for band in group]
        share = f"{100 * sum(counts) / total:.0f}{NBSP}%"
        words = f"{{v|{share}}}\n{{i|{literal(clipped(name, 16))}}}"
        rich = {"v": {"color": INK, "fontWeight": 600, "fontSize": 13}, "i": {"color": MUTED, "fontSize": size}}
        label = text(words, INK, rich=rich, position="top", distance=8, lineHeight=16)
        heads.append(point(start + len(counts) / 2, tallest, label=label))
        start += len(counts)
    return heads


def _indexed(axes: Sequence[Json]) -> list[Json]:
    return [axis | {"gridIndex": index} for index, axis in enumerate(axes)]

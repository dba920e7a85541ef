"""Draws a chart: plain ECharts options in, one clean inline SVG out.

ECharts runs in an embedded V8 that knows no document, no file and no network. Its picture is then rebuilt from a
short list of allowed elements, so whatever a file carried in as a label can only ever be text.
"""

from __future__ import annotations

import atexit
import ctypes
import json
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from py_mini_racer import JSOOMException, JSTimeoutException, MiniRacer

from touchstone.core.errors import TouchstoneError
from touchstone.report.rows import Chart
from touchstone.report.svg import tidy

SCRIPT = Path(__file__).parent / "assets" / "dist" / "charts.js"
MEMORY_BYTES = 256 * 1024 * 1024
SECONDS = 20.0


class Engine:
    """One embedded engine: made at the first chart, capped in memory, made anew after it ran out of it.

    It lives on a thread of its own. A V8 context serves one caller at a time, and made where an event loop runs (a
    notebook) it would lean on that loop and wait for itself.
    """

    def __init__(self, script: Path = SCRIPT, *, memory_bytes: int = MEMORY_BYTES, seconds: float = SECONDS) -> None:
        self._script, self._memory_bytes, self._seconds = script, memory_bytes, seconds
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="charts")
        self._context: MiniRacer | None = None

    def draw(self, options: str, width: int, height: int) -> str:
        """The SVG that ECharts makes of `options` (JSON), `width` by `height` pixels."""
        return self._thread.submit(self._draw, options, width, height).result()

    def close(self) -> None:
        """Give V8 and its thread back."""
        self._thread.shutdown()
        context, self._context = self._context, None
        if context is not None:
            context.close()

    def _draw(self, options: str, width: int, height: int) -> str:
        context = self._ready()
        try:
            return str(context.call("draw", options, width, height, timeout_sec=self._seconds))
        except JSOOMException:
            # V8 gives up the whole context; the next chart must not meet its remains
            self._context = None
            context.close()
            raise _too_large() from None
        except JSTimeoutException:
            raise _too_large() from None

    def _ready(self) -> MiniRacer:
        if self._context is None:
            context = MiniRacer()
            context.set_hard_memory_limit(self._memory_bytes)
            context.eval(_source(self._script))
            self._context = context
        return self._context


def _too_large() -> TouchstoneError:
    return TouchstoneError("A chart was too large to draw.", hint="ask for fewer groups or a coarser period.")


def _source(script: Path) -> str:
    try:
        return script.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise TouchstoneError(
            "Charts cannot be drawn: their script has not been built.",
            hint="run `make setup` once in the source folder; an installed package carries the script.",
        ) from None


@cache
def _engine_of(process: int) -> Engine:
    engine = Engine()
    # while threads still run: closed any later, the context waits for its own thread, which is gone, for ever
    atexit.register(lambda: engine.close() if os.getpid() == process else None)
    os.register_at_fork(after_in_child=lambda: _keep(engine))
    return engine


def _keep(engine: Engine) -> None:
    """In a forked child: never free the parent's context, which would wait for a thread that stayed with the parent."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(engine))


def draw(chart: Chart, *, name: str, title: str, description: str) -> str:
    """`chart` as an inline SVG whose ids begin with `name` (unique on the page).

    `title` and `description` are what a screen reader says instead of the picture.
    """
    # keyed by process: an engine made before a fork has lost its thread in the child
    raw = _engine_of(os.getpid()).draw(json.dumps(chart.options, allow_nan=False), chart.width, chart.height)
    return tidy(raw, name=name, title=title, description=description)

"""Touchstone turns what customers say and do into numbers a CFO will accept, and follows what you did about them.

The names below are the library's door; each is imported when it is first used, so that `import touchstone` is quick.

>>> import touchstone
>>> touchstone.Period.parse("2017-Q3").label
'2017-Q3'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOMES = {
    "Company": "simulate",
    "Data": "engine.data",
    "Estimate": "core.estimate",
    "Metric": "core.metric",
    "NoEstimate": "core.estimate",
    "Period": "core.period",
    "Total": "core.estimate",
    "TouchstoneError": "core.errors",
    "Workspace": "workspace",
    "add": "listen.add",
    "compare": "measure.compare",
    "compare_with": "measure.compare_with",
    "compose": "report.compose",
    "drivers": "understand.drivers",
    "export": "listen.export",
    "hold_out": "measure.forecast",
    "metric_named": "measure.metrics",
    "metrics_of": "measure.metrics",
    "plan": "listen.plan",
    "read_mapping": "listen.mappings",
    "render": "report.page",
    "score": "measure.score",
    "value_table": "value.table",
    "vendor_named": "measure.vendor_rules",
    "write_company": "simulate",
}

__all__ = [
    "Company",
    "Data",
    "Estimate",
    "Metric",
    "NoEstimate",
    "Period",
    "Total",
    "TouchstoneError",
    "Workspace",
    "add",
    "compare",
    "compare_with",
    "compose",
    "drivers",
    "export",
    "hold_out",
    "metric_named",
    "metrics_of",
    "plan",
    "read_mapping",
    "render",
    "score",
    "value_table",
    "vendor_named",
    "write_company",
]

if TYPE_CHECKING:
    from touchstone.core.errors import TouchstoneError
    from touchstone.core.estimate import Estimate, NoEstimate, Total
    from touchstone.core.metric import Metric
    from touchstone.core.period import Period
    from touchstone.engine.data import Data
    from touchstone.listen.add import add
    from touchstone.listen.export import export
    from touchstone.listen.mappings import read_mapping
    from touchstone.listen.plan import plan
    from touchstone.measure.compare import compare
    from touchstone.measure.compare_with import compare_with
    from touchstone.measure.forecast import hold_out
    from touchstone.measure.metrics import metric_named, metrics_of
    from touchstone.measure.score import score
    from touchstone.measure.vendor_rules import vendor_named
    from touchstone.report.compose import compose
    from touchstone.report.page import render
    from touchstone.simulate import Company, write_company
    from touchstone.understand.drivers import drivers
    from touchstone.value.table import value_table
    from touchstone.workspace import Workspace


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'touchstone' has no attribute '{name}'")
    value = getattr(importlib.import_module(f"touchstone.{_HOMES[name]}"), name)
    globals()[name] = value  # asked for once only
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

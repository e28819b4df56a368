"""A backtest as one HTML file that needs nothing else: no script, no network."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template

from suggest.evaluate.backtest import BacktestReport


def as_html(report: BacktestReport) -> str:
    """Return the report as an HTML page. Texts of customers are escaped."""
    return _template().render(r=report)


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string((files(__package__) / "report.html.j2").read_text(encoding="utf-8"))

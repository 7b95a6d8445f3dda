"""Scans a page with axe-core."""

from __future__ import annotations

from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
SERIOUS = ("serious", "critical")


def check_accessible(page: Page) -> None:
    """Fail where something is hard to read or use, in light or in dark, and say what."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        result = Axe().run(page)
        assert result.response["passes"], "nothing was scanned"
        found = [
            f"{violation['id']} ({violation['impact']}), {node['target']}: {node['failureSummary']}"
            for violation in result.response["violations"]
            for node in violation["nodes"]
            if violation["impact"] in SERIOUS
        ]
        assert found == [], f"in {scheme}"

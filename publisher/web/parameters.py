"""What an address may say after its question mark."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from werkzeug.exceptions import BadRequest

from publisher.drawing.look import Look

TAB = re.compile(r"[0-9A-Za-z_-]{1,64}")


def look_of(parameters: Mapping[str, str]) -> Look:
    """Read ``boxes`` and ``blur``, each 0 or 1.

    Raises:
        BadRequest: One has another value.
    """
    return Look(_flag(parameters, "boxes", "1"), _flag(parameters, "blur", "0"))


def tab_of(parameters: Mapping[str, str]) -> str | None:
    """Read ``tab``, a name that all streams of one viewer have; None where there is none.

    Raises:
        BadRequest: It is no such name.
    """
    tab = parameters.get("tab")
    if tab is not None and TAB.fullmatch(tab) is None:
        raise BadRequest(f"tab={tab}: expected up to 64 letters, digits, - and _")
    return tab


def since_of(parameters: Mapping[str, str], now_s: float) -> float:
    """Read ``since``, in seconds since 1970; a negative one is so long before now.

    Raises:
        BadRequest: It is no number of seconds.
    """
    text = parameters.get("since", "0")
    try:
        since_s = float(text)
    except ValueError:
        since_s = math.nan
    if not math.isfinite(since_s):
        raise BadRequest(
            f"since={text}: expected seconds since 1970, or a negative number for so many before "
            "now"
        )
    return since_s if since_s >= 0 else now_s + since_s


def _flag(parameters: Mapping[str, str], name: str, default: str) -> bool:
    text = parameters.get(name, default)
    if text not in ("0", "1"):
        raise BadRequest(f"{name}={text}: expected 0 or 1")
    return text == "1"

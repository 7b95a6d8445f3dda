"""How a picture is drawn for who watches it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from publisher.web.refusals import bad_parameter


@dataclass(frozen=True, slots=True)
class Look:
    """What a viewer has chosen.

    Attributes:
        boxes: Faces are boxed and labelled.
        blurred: Faces cannot be recognised.
    """

    boxes: bool = True
    blurred: bool = False


def look_of(parameters: Mapping[str, str]) -> Look:
    """Read ``boxes`` and ``blur`` of an address, each 0 or 1.

    Raises:
        BadRequest: One has another value.
    """
    return Look(_flag(parameters, "boxes", "1"), _flag(parameters, "blur", "0"))


def _flag(parameters: Mapping[str, str], name: str, default: str) -> bool:
    text = parameters.get(name, default)
    if text not in ("0", "1"):
        raise bad_parameter(name, text, "0 or 1")
    return text == "1"

"""Text of others as it may be shown: on one line, without signs that steer a terminal or a page."""

from __future__ import annotations

MAX_LENGTH = 2000
"""Characters of one line that are shown; a path may have 4096 bytes, and few have many."""


def printable(text: str, limit: int = MAX_LENGTH) -> str:
    r"""Return text with what is not to be seen written as ``\x1b`` or ``\u202e``, cut at a limit.

    That is what Unicode calls other than a letter, mark, number, sign or plain space: line ends,
    escapes of terminals, marks that turn the direction of writing around.
    """
    if len(text) > limit:
        text = f"{text[:limit]}... ({len(text)} characters)"
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )

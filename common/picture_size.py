"""How large a picture of somebody else's may be, and how one of a size begins where it is plain.

Free of imports, for it has to be cheap.
"""

MAX_PIXELS = 64_000_000
"""The most pixels that a picture may have: 8000 x 8000, which are 192 MB of BGR. It is above any
camera and below what hurts."""


def plain_head(height: int, width: int, *, is_grey: bool) -> bytes:
    """Return what a plain picture of a size begins with: a PPM, or of grey a PGM (netpbm)."""
    return b"P%d\n%d %d\n255\n" % (5 if is_grey else 6, width, height)

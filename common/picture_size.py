"""How large a picture of somebody else's may be; free of imports, for it has to be cheap."""

MAX_PIXELS = 64_000_000
"""The most pixels that a picture may have: 8000 x 8000, which are 192 MB of BGR. It is above any
camera and below what hurts."""

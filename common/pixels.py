"""What pixels are: the types of a colour frame and of a grey one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bgr = NDArray[np.uint8]
"""``(height, width, 3) uint8``, blue green red."""
Gray = NDArray[np.uint8]
"""``(height, width) uint8``."""
Pixels = Gray | Bgr
"""A frame, in grey or in colour."""

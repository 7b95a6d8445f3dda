"""The learning rate of each step."""

from __future__ import annotations

import math


def learning_rate(step: int, total_steps: int, warmup_steps: int, peak: float) -> float:
    """Climbs linearly to ``peak``, then falls along half a cosine to 0.

    The cosine is that of Loshchilov and Hutter (2017, arXiv:1608.03983), without restarts.

    Args:
        step: counted from 0 over the whole run.
        total_steps: after which the rate is 0.
        warmup_steps: in which it climbs.
        peak: the highest rate.
    """
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    progress = (step - warmup_steps) / max(total_steps - warmup_steps, 1)
    return peak * 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0)))

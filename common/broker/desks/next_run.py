"""Which frames of a camera are handed to a detector together."""

from __future__ import annotations

from itertools import islice

from common.broker.cameras import Camera
from common.broker.jobs import Job
from common.contract import Mode, run_length

MAX_RUN_BYTES = 32 * 1024 * 1024
"""The most bytes the JPEGs of one run may have, where frames travel inside messages."""


def next_jobs(camera: Camera, interval: int) -> list[Job]:
    """Return the frames of the camera's next run, or none if it is not complete yet.

    A lossless run is the frames from one multiple of its length up to the next, whatever has
    arrived when, so that results do not depend on timing. Two runs fit into any ring.
    """
    waiting = camera.waiting
    if not waiting or camera.mode is Mode.LIVE:
        return list(waiting)
    length = camera.run_length = run_length(interval, camera.slots)
    end = (waiting[0].frame.frame_id // length + 1) * length
    if waiting[-1].frame.frame_id < end - 1 and not camera.ended:
        return []
    return _up_to_bytes([job for job in islice(waiting, length) if job.frame.frame_id < end])


def _up_to_bytes(jobs: list[Job]) -> list[Job]:
    """Return the first frames whose JPEGs fit one message together, at least one."""
    total = 0
    for number, job in enumerate(jobs):
        total += len(job.frame.picture)
        if total > MAX_RUN_BYTES and number:
            return jobs[:number]
    return jobs

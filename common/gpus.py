"""Which GPUs this machine shows, looked at without loading any library."""

from __future__ import annotations

from pathlib import Path

GPU_DEVICES = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")  # CUDA, ROCm, WSL


def gpu_devices() -> list[str]:
    """Return the device files of GPUs that there are."""
    return [device for device in GPU_DEVICES if Path(device).exists()]

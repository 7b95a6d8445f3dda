"""What works on this machine, looked at without starting anything."""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import numpy as np
import psutil

from capture.config import CaptureConfig
from capture.sources.camera import DeviceCamera
from classifier.backends import choose_backend, load_backend
from classifier.config import ClassifierConfig
from common.broker.config import BrokerConfig
from common.config import BrokerSettings, load_config
from common.cores import usable_cores
from common.endpoint import resolve_endpoint
from common.endpoint_lock import EndpointLock
from common.errors import FerstreamError, SourceError
from common.face_model import FACE_SIZE_PX
from common.gpus import gpu_devices
from common.ring_files import ring_directory
from detector.config import DetectorConfig
from detector.detectors import create_detector
from publisher.config import PublisherConfig
from publisher.web.server import listen

ENOUGH_SHARED_BYTES = 512 * 2**20
"""Room for a lossless camera of 1920x1080 and some live ones."""
ENOUGH_MEMORY_BYTES = 2**30
"""What a pipeline takes, 0.4 GB, twice."""
FACES = 8
STAGES: dict[str, type[BrokerSettings]] = {
    "common.broker": BrokerConfig,
    "capture": CaptureConfig,
    "detector": DetectorConfig,
    "classifier": ClassifierConfig,
    "publisher": PublisherConfig,
}

T = TypeVar("T", bound=BrokerSettings)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one thing.

    Attributes:
        what: The thing.
        said: How it is, and what to do where it does not work.
        works: Whether it does; None where it is missing and a pipeline runs without.
    """

    what: str
    said: str
    works: bool | None = True


def findings() -> Iterator[Finding]:
    """Yield what there is to say of each thing."""
    yield Finding("ferstream", f"{version('ferstream')}, Python {platform.python_version()}")
    wrong = list(_wrong_settings())
    yield from wrong or [Finding("settings", "all are known and have values that are allowed")]
    yield from (_machine(), _shared_memory(), _camera(), _gpu())
    if not wrong:
        yield _of("detector", _detector)
        yield _of("classifier", _classifier)
        yield _of("page", _page)
        yield _of("broker", _broker)


def _of(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, look())
    except FerstreamError as error:
        return Finding(what, str(error), works=False)


def _wrong_settings() -> Iterator[Finding]:
    found = (_of("settings", partial(_read_settings, config)) for config in STAGES.values())
    return (finding for finding in found if not finding.works)


def _read_settings(config: type[BrokerSettings]) -> str:
    _settings(config)
    return ""


def _settings(config: type[T]) -> T:
    (stage,) = (name for name, known in STAGES.items() if known is config)
    return load_config(config, stage, ())


def _machine() -> Finding:
    free = psutil.virtual_memory().available
    said = f"{usable_cores()} cores to use, {free / 2**30:.1f} GB of memory free"
    if free < ENOUGH_MEMORY_BYTES:
        return Finding("machine", f"{said}: a pipeline takes 0.4 GB; close something", works=False)
    return Finding("machine", said)


def _shared_memory() -> Finding:
    try:
        folder = ring_directory()
    except SourceError as error:
        return Finding("shared memory", str(error), works=False)
    free = shutil.disk_usage(folder).free
    said = f"{free / 2**20:,.0f} MB free in {folder}"
    if free < ENOUGH_SHARED_BYTES:
        advice = "large or many cameras need more; in a container: --shm-size=512m"
        return Finding("shared memory", f"{said}: {advice}", works=None)
    return Finding("shared memory", said)


def _camera() -> Finding:
    try:
        camera = DeviceCamera("0")
        height, width, _ = camera.read().shape
        camera.close()
    except SourceError as error:
        return Finding("camera 0", f"{error}; files and streams work without", works=None)
    return Finding("camera 0", f"gives pictures of {width}x{height}: CAPTURE_SOURCE=0")


def _gpu() -> Finding:
    devices = gpu_devices()
    if not devices:
        return Finding("GPU", "none; the classifier runs on the CPU", works=None)
    name, _ = choose_backend("auto", None)
    if name == "tensorflow":
        return Finding("GPU", f"{', '.join(devices)}, and TensorFlow sees it")
    said = f'{", ".join(devices)}, but TensorFlow does not see it; install ".[gpu]" in place of "."'
    return Finding("GPU", said, works=None)


def _detector() -> str:
    config = _settings(DetectorConfig)
    detector = create_detector(config)
    shape = (480, 640, 3) if detector.colour else (480, 640)
    milliseconds = _time_ms(lambda: detector.find_faces(np.zeros(shape, np.uint8)))
    return f"{config.detector}: a full search of an empty 640x480 takes {milliseconds:.1f} ms"


def _classifier() -> str:
    config = _settings(ClassifierConfig)
    name, model = choose_backend(config.backend, config.model)
    backend = load_backend(name, model)
    crops = np.zeros((FACES, FACE_SIZE_PX, FACE_SIZE_PX), np.uint8)
    milliseconds = _time_ms(lambda: backend.classify(crops)) / FACES
    return f"{model.name} by {name}: {milliseconds:.2f} ms a face"


def _page() -> str:
    config = _settings(PublisherConfig)
    listen(config.host, config.port).close()
    return f"port {config.port} is free on {config.host}"


def _broker() -> str:
    endpoint = resolve_endpoint(_settings(BrokerConfig).endpoint)
    if endpoint.startswith("ipc://"):
        EndpointLock(Path(endpoint.removeprefix("ipc://"))).release()
        return f"no other pipeline runs at {endpoint}"
    return endpoint


def _time_ms(work: Callable[[], object]) -> float:
    """Return the milliseconds of the fastest of three, after one to warm up."""
    work()
    times = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times) * 1000

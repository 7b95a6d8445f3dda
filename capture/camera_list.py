"""The file ``CAPTURE_CAMERAS``: one line for each camera of a pipeline, or of many.

    # name   address                              settings
    door     rtsp://viewer:{lobby}@10.1.2.3/live
    gate     http://10.1.2.4/mjpeg                FRAME_TRANSPORT=inline

``{lobby}`` stands for what is in the file ``lobby`` of the folder ``CAPTURE_PASSWORDS``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from capture.config import CaptureConfig, number_of_cells
from common.config import load_config
from common.errors import ConfigError
from common.passwords import has_password, without_password
from common.private_file import read_private

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""As it stands in an address of the page, and in the name of a file."""
SETTINGS = ("CAPTURE_LOOP", "FRAME_TRANSPORT")
"""What a line may set: its capture's, but for what a list says itself and what holds for all."""
_REFERENCE = re.compile(r"\{([A-Za-z0-9][A-Za-z0-9_.-]*)\}")
_AS_PASSWORD = re.compile(r"(:|\w+=)" + _REFERENCE.pattern)


@dataclass(frozen=True, slots=True)
class ListedCamera:
    """A line.

    Attributes:
        name: The camera's name.
        address: What ``CAPTURE_SOURCE`` is to be, with the names of passwords in it.
        settings: Variables of its capture.
    """

    name: str
    address: str
    settings: tuple[tuple[str, str], ...]

    def environ(self, passwords: Path | None) -> dict[str, str]:
        """Return the variables of its capture.

        Raises:
            ConfigError: A password cannot be read.
        """
        address = _REFERENCE.sub(lambda name: _read(passwords, name[1]), self.address)
        return _environ(self.name, address, self.settings)


def parse_camera_list(text: str) -> tuple[dict[str, ListedCamera | None], list[str]]:
    """Return the cameras of a list by name, and what is wrong with its lines.

    A camera is None where its name is all of its line that can be used: one that runs may go on.
    Such a line does not keep the others from being used: a list may be that of a thousand cameras,
    and whoever starts again must not fail on the line of another.
    """
    cameras: dict[str, ListedCamera | None] = {}
    above: dict[str, str] = {}  # what asks for them by address may not tell Door from door
    wrong = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            name, *words = line.split()
            _check_name(name, above)
            above[name.lower()] = name
            cameras[name] = None
            cameras[name] = _parse(name, words)
        except ValueError as error:
            wrong.append(f"line {number}: {error}")
    return cameras, wrong


def _check_name(name: str, above: Mapping[str, str]) -> None:
    if not NAME.fullmatch(name):
        raise ValueError("expected a name of up to 64 letters, digits and . _ -, then an address")
    if name.lower() in above:
        raise ValueError(f"{name}: there is a camera {above[name.lower()]} above")


def _parse(name: str, words: Sequence[str]) -> ListedCamera:
    if not words:
        raise ValueError(f"expected the address of camera {name} after its name")
    address, *rest = words
    if has_password(_AS_PASSWORD.sub("", address)):
        raise ValueError(
            f"{name} {without_password(address)}: the list is no place for a password; write "
            "{NAME} for it, and put it into the file NAME of the folder CAPTURE_PASSWORDS"
        )
    settings = tuple(_setting(name, word) for word in rest)
    try:
        load_config(CaptureConfig, "capture", (), _environ(name, address, settings))
    except ConfigError as error:
        raise ValueError(f"{name}: {error}") from error
    return ListedCamera(name, address, settings)


def _setting(name: str, word: str) -> tuple[str, str]:
    variable, equals, value = word.partition("=")
    if not equals:
        raise ValueError(f"{name}: expected settings such as CAPTURE_LOOP=1 after the address")
    if variable not in SETTINGS:
        raise ValueError(f"{name}: a line may set {' and '.join(SETTINGS)}, not {variable}")
    return variable, value


def _environ(name: str, address: str, settings: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {**dict(settings), "CAPTURE_SOURCE": address, "CAPTURE_CAMERA": name}


def _read(passwords: Path | None, name: str) -> str:
    if passwords is None:
        raise ConfigError(
            f"{{{name}}} stands for a file, and CAPTURE_PASSWORDS does not say in which folder"
        )
    advice = f"the list of cameras asks for it by {{{name}}}"
    return quote(read_private(passwords / name, "CAPTURE_PASSWORDS", advice).strip(), safe="")


def read_cell_count(cells: int | Path) -> int:
    """Return how many cells there are now.

    Raises:
        ConfigError: The file that holds it cannot be read, or holds something else.
    """
    if isinstance(cells, int):
        return cells
    text = read_text(cells, "CAPTURE_CELLS").strip()
    try:
        return number_of_cells(text)
    except ValueError as error:
        raise ConfigError(
            f"CAPTURE_CELLS={cells}: expected in it {error}, not {text[:20]!r}"
        ) from error


def read_text(path: Path, variable: str) -> str:
    """Return what is in the file that a variable names.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        return path.read_text("utf-8-sig")  # Windows' editors begin a file with a mark
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigError(f"{variable}: cannot read {path} ({reason})") from error

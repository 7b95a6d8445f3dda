"""Start the pipeline: what ``honcho start`` does, from any folder; the last line says why it ended.

    ferstream run                          # the bundled clip, at http://localhost:5000
    ferstream run 0 --detector yunet       # the first webcam
    ferstream run talk.mp4 --lossless --results talk.csv

What is given here wins over a file ``.env`` in this folder, and that over the environment; the
README lists all settings. Ctrl-C stops everything.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from common.command import Command
from common.contract import Mode
from common.errors import ConfigError
from common.passwords import has_password, without_password
from ferstream.env_file import with_env_file

WITH_HONCHO = Path(__file__).with_name("with_honcho.py")
PROCFILE = Path(__file__).parent.parent / "Procfile"
OPTIONS = {
    "camera": ("CAPTURE_CAMERA", "the camera's name in the page, the API and the records"),
    "detector": ("DETECTOR", "how faces are found: haar, yunet or dlib"),
    "results": ("PUBLISHER_RESULTS", "write the records to this .csv, .jsonl or .parquet"),
    "record": ("PUBLISHER_RECORD", "record the annotated pictures to this .mp4 or folder/"),
    "host": ("PUBLISHER_HOST", "where the page is served: 0.0.0.0 for other devices, too"),
    "port": ("PUBLISHER_PORT", "its port"),
}
"""Each option, the setting that it is, and what that means."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "source",
        nargs="?",
        help="a camera's number, a file, a folder of images, an rtsp:// or http:// address (demo)",
    )
    parser.add_argument(
        "--lossless", action="store_true", help="every frame of a recording, at its own speed"
    )
    for name, (variable, meaning) in OPTIONS.items():
        parser.add_argument(f"--{name}", metavar="VALUE", help=f"{meaning} ({variable})")


def run(options: argparse.Namespace) -> None:
    """Become honcho.

    Raises:
        ConfigError: The source holds a password, which a command line would show.
    """
    settings = with_env_file(os.environ) | _given(options)
    settings["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), settings["PATH"]))
    honcho = [sys.executable, str(WITH_HONCHO), str(PROCFILE)]
    sys.stdout.flush()
    os.execve(sys.executable, honcho, settings)  # noqa: S606  # nosec B606 - no shell is wanted


def _given(options: argparse.Namespace) -> dict[str, str]:
    if options.source and has_password(options.source):
        raise ConfigError(
            f"{without_password(options.source)}: a command line can be read by every user of this "
            "machine, and this one holds a password; set CAPTURE_SOURCE in the environment"
        )
    given = {variable: getattr(options, name) for name, (variable, _) in OPTIONS.items()}
    given["CAPTURE_SOURCE"] = options.source
    given["CAPTURE_MODE"] = Mode.LOSSLESS.value if options.lossless else None
    return {variable: value for variable, value in given.items() if value is not None}


main = Command("ferstream run", __doc__, add_options, run)

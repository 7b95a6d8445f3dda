"""The command ``ferstream``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from importlib.metadata import version

from common.command import Command

COMMANDS = {
    "run": ("ferstream.commands.run", "start the pipeline: a camera or a file, the page, data"),
    "analyze": ("ferstream.commands.analyze", "write the records of images and recordings"),
    "archive": ("ferstream.commands.archive", "write the records of many videos, on many cores"),
    "report": ("publisher.report.__main__", "make a page of recorded results"),
    "cells": ("ferstream.commands.cells", "say which cell of a fleet runs which camera"),
    "doctor": ("ferstream.commands.doctor", "say what works on this machine, and what to do"),
}
"""The module of each command, which is imported only where it is used, and what it is for."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit code."""
    listed = "\n".join(f"  {name:10}{what}" for name, (_, what) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="ferstream",
        description="Facial expressions from live video, recordings and images.",
        epilog=f"commands:\n{listed}\n\n`ferstream COMMAND --help` says more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ferstream {version('ferstream')}")
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="one of those below")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help="its options")
    given = sys.argv[1:] if arguments is None else arguments
    options = parser.parse_args(given or ["--help"])
    module, _ = COMMANDS[options.command]
    command: Command = import_module(module).main
    return replace(command, name=f"ferstream {options.command}")(options.rest)


if __name__ == "__main__":
    sys.exit(main())

"""Make the keys with which processes on other machines may join, and say what each may do.

On the broker's machine, where the folder ``keys`` has to stay private:

    python -m common.keys new keys
    python -m common.keys add keys gpu-box classifier
    python -m common.keys add keys door-pi capture --camera door
    python -m common.keys revoke keys gpu-box

``new`` makes the folder with the broker's key and one for this machine, which may be everything.
``add`` makes a key in a file, keys/gpu-box.key, to be copied to the machine it is for. A broker
that runs takes notice of ``add`` and ``revoke`` within a second.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from common.command import Command
from common.contract import Role
from common.keys.folder import add_key, make_folder, revoke_key


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the three things that can be done."""
    commands = parser.add_subparsers(dest="command", required=True)
    new = commands.add_parser("new", help="make a folder with the broker's key")
    new.add_argument("folder", type=Path)
    add = commands.add_parser("add", help="make a key for another machine")
    add.add_argument("folder", type=Path)
    add.add_argument("name", help="what the log calls it")
    add.add_argument("role", nargs="+", type=Role, help=f"what it may be: {', '.join(Role)}")
    add.add_argument(
        "--camera", action="append", default=[], help="a camera it may capture; once for each"
    )
    revoke = commands.add_parser("revoke", help="have a key refused, also where it is connected")
    revoke.add_argument("folder", type=Path)
    revoke.add_argument("name")


def run(options: argparse.Namespace) -> None:
    """Do what the options ask for, and say what to do next."""
    folder = options.folder
    if options.command == "new":
        make_folder(folder)
        _say(
            f"made {folder}; start the pipeline with BROKER_KEYS={folder} "
            "BROKER_ENDPOINT=tcp://*:5555 honcho start, and give other machines keys with "
            f"python -m common.keys add {folder} NAME ROLE"
        )
    elif options.command == "add":
        file = add_key(folder, options.name, frozenset(options.role), frozenset(options.camera))
        _say(
            f"made {file}; copy it to the machine it is for and start {options.role[0]} there with "
            f"BROKER_KEYS={file.name} BROKER_ENDPOINT=tcp://THIS-HOST:5555 "
            f"python -m {options.role[0]}"
        )
    else:
        revoke_key(folder, options.name)
        _say(f"{options.name} is refused from now on")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(Command("common.keys", __doc__, add_options, run)())

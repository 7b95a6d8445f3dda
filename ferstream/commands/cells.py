"""Say which cell of a fleet runs which camera of a list.

    ferstream cells cameras --cells 4             # a line for each camera: its name and its cell

What is wrong in the list is told, and then it ends with 1: try a changed list here before the fleet
is given it. With --gateway it writes what the gateway of docs/kubernetes.md reads.
"""

from __future__ import annotations

import argparse
import html
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from capture.camera_list import parse_camera_list, read_cell_count, read_text
from capture.cells import cell_of
from capture.config import cell_count
from common.command import Command
from common.counted import counted
from common.errors import ConfigError
from common.files import replacing

Place = tuple[str, int]
"""A camera's name and its cell."""
WORDS_OF_NGINX = ("default", "hostnames", "include", "volatile")

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>ferstream: {count}</title>
<link rel="stylesheet" href="static/page.css">
<link rel="stylesheet" href="fleet.css">
</head>
<body>
<header><h1>ferstream: {count}</h1></header>
<main>
{cameras}
</main>
<footer><p>Faces in these pictures are analysed by software for their <em>apparent</em> expression.
That is what a face looks like, not what a person feels, and it is often wrong.</p></footer>
</body>
</html>
"""
STYLE = """main { grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem; }
figure { margin: 0; }
img { display: block; width: 100%; height: auto; }
"""
CAMERA = (
    '<a href="cell-{cell}/#{address}"><figure>'
    '<img src="snapshot/{address}.jpg" alt="Picture of {name}" width="320" height="240"'
    ' loading="lazy">'
    "<figcaption>{name}</figcaption></figure></a>"
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("cameras", type=Path, help="the list, as CAPTURE_CAMERAS has it")
    parser.add_argument(
        "--cells", metavar="N", default="1", help="how many there are: a number, or a file with it"
    )
    parser.add_argument(
        "--gateway",
        metavar="FOLDER",
        type=Path,
        help="write cells.map for nginx, and a page of all cameras, to this folder",
    )


def run(options: argparse.Namespace) -> None:
    """Print or write the places of all cameras; end with 1 where a line is wrong.

    Raises:
        ConfigError: The number of cells is none.
    """
    try:
        cells = read_cell_count(cell_count(options.cells))
    except ValueError as error:
        raise ConfigError(f"--cells {options.cells}: expected {error}") from error
    cameras, wrong = parse_camera_list(read_text(options.cameras, "CAPTURE_CAMERAS"))
    places = [(name, cell_of(name, cells)) for name in sorted(cameras)]
    if options.gateway:
        _write(options.gateway / "cells.map", map(map_line, places))
        _write(options.gateway / "index.html", [page(places)])
        _write(options.gateway / "fleet.css", [STYLE])
    else:
        sys.stdout.writelines(f"{name} {cell}\n" for name, cell in places)
    sys.stderr.writelines(f"{options.cameras}, {line}\n" for line in wrong)
    if wrong and not options.gateway:  # a gateway for all others is better than none
        sys.exit(1)


def map_line(place: Place) -> str:
    """Return a camera's line for a ``map`` of nginx, to which some words mean something else."""
    name, cell = place
    return f"\\{name} {cell};\n" if name.lower() in WORDS_OF_NGINX else f"{name} {cell};\n"


def page(places: list[Place]) -> str:
    """Return the page of all cameras."""
    cameras = (
        CAMERA.format(cell=cell, address=quote(name), name=html.escape(name))
        for name, cell in places
    )
    return PAGE.format(count=counted(len(places), "camera"), cameras="\n".join(cameras))


def _write(path: Path, parts: Iterable[str]) -> None:
    with replacing(path) as new:
        new.write_text("".join(parts))


main = Command("ferstream cells", __doc__, add_options, run)

"""Runs a module of this project, whatever the files of the current folder are called.

    python -m ferstream_start capture

``python -m capture`` looks in the current folder first, where a ``capture.py`` or ``common.py`` of
the user's may lie; nothing there is called as this module is. Where it is imported, the current
folder is looked in last from then on.
"""

from __future__ import annotations

import contextlib
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path


def look_here_last() -> None:
    """Move the current folder to the end of ``sys.path``, unless it is that of our modules."""
    with contextlib.suppress(FileNotFoundError):  # it was removed, so nothing is found in it
        here = Path.cwd()
        if here != Path(__file__).resolve().parent:
            sys.path.sort(key=lambda folder: folder in ("", str(here)))


def main() -> None:
    """Run the module that the command line names."""
    module = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    package = module.partition(".")[0]
    if not package or find_spec(package) is None:
        ours = "capture, detector, classifier, publisher or common.broker"
        sys.exit(f"ferstream_start: expected a module to run ({ours}), got {module!r}")
    runpy.run_module(module, run_name="__main__", alter_sys=True)


look_here_last()

if __name__ == "__main__":
    main()

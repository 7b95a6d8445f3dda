"""Say what works on this machine, and what to do about what does not.

Looks at the settings of this folder and environment, cores and memory, shared memory, camera, GPU,
models, the page's port and the broker's address. Starts nothing. Ends with 1 where a pipeline would
not run.
"""

from __future__ import annotations

import argparse
import os
import sys

from common.command import Command
from ferstream.checks import findings
from ferstream.env_file import with_env_file

MARKS = {True: "ok", False: "!!", None: "--"}


def add_options(_: argparse.ArgumentParser) -> None:
    """Add none."""


def run(_: argparse.Namespace) -> None:
    """Print all findings; end with 1 where something has to be done."""
    os.environ.update(with_env_file(os.environ))
    works = True
    for finding in findings():
        sys.stdout.write(f"{MARKS[finding.works]}  {finding.what:14} {finding.said}\n")
        sys.stdout.flush()
        works &= finding.works is not False
    if not works:
        sys.exit(1)


main = Command("ferstream doctor", __doc__, add_options, run)

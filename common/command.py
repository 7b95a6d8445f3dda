"""What every command has in common: its options, its errors in one line each, its exit codes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.errors import FerstreamError

WRONG = 2
"""The exit code where something given is wrong, as that of ``argparse``."""
NOT_READ = 141
"""What shells report where whoever reads the output has enough of it, as ``head`` has: 128 and the
number of the signal."""
INTERRUPTED = 130
"""What shells report for a command ended by Ctrl-C: 128 and the number of the signal."""


@dataclass(frozen=True, slots=True)
class Command:
    """A module that is run as ``python -m NAME``, or a command of ``ferstream``.

    Attributes:
        name: Full name of the module, or ``ferstream`` and the command.
        description: What ``--help`` says before the options; the docstring of the module.
        add_options: Adds the options to a parser.
        run: Does what the parsed options ask for.
        stopped: What is said where Ctrl-C ends it.
    """

    name: str
    description: str | None
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]
    stopped: str = "stopped"

    def __call__(self, arguments: Sequence[str] | None = None) -> int:
        """Run it with these arguments, by default those of the process; return the exit code."""
        if sys.stderr is None:  # it was closed, and the next file would take its place
            sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as this runs
            os.set_inheritable(sys.stderr.fileno(), True)
        parser = argparse.ArgumentParser(
            prog=self.name if " " in self.name else f"python -m {self.name}",
            description=self.description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.add_options(parser)
        options = parser.parse_args(arguments)
        try:
            self.run(options)
        except FerstreamError as error:
            return self._end(WRONG, str(error))
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
            return NOT_READ
        except OSError as error:
            return self._end(WRONG, _words(error))
        except KeyboardInterrupt:
            return self._end(INTERRUPTED, self.stopped)
        return 0

    def _end(self, code: int, why: str) -> int:
        sys.stderr.write(f"{self.name}: {why}\n")
        return code


def _words(error: OSError) -> str:
    """Return what could not be done with which file; of two, the one that was to be replaced."""
    file = error.filename2 or error.filename
    reason = error.strerror or str(error)
    return f"cannot read or write {file}: {reason}" if file else reason

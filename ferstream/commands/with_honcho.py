"""What ``ferstream run`` becomes: honcho, and as the last line why all has ended.

honcho itself ends with a dozen lines of who was told to stop and did; what it began with stands
above them. This file is run by its path: the package, of which nothing is needed here, would be
imported otherwise, and stay in memory. It has "honcho" in its name, by which supervisors know what
they are to end with (``common/guardians.py``).
"""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

from honcho.environ import expand_processes, parse_procfile
from honcho.manager import SYSTEM_PRINTER_NAME, Manager
from honcho.printer import Message, Printer

LAST = "publisher.1"
"""The process whose last line is shown where all ends well: it says what became of the results."""
_STOPPED = re.compile(r"(\S+) stopped \(rc=")


class RememberingPrinter(Printer):  # type: ignore[misc]  # honcho has no types
    """Prints lines as honcho does, and remembers the last of each process.

    Attributes:
        first_to_stop: Which process stopped first, because of which the others had to.
        last_lines: What each said last.
    """

    def __init__(self) -> None:
        super().__init__(sys.stdout)
        self.first_to_stop = ""
        self.last_lines: dict[str, str] = {}

    def write(self, message: Message) -> None:
        """Print a line."""
        super().write(message)
        is_bytes = isinstance(message.data, bytes)
        line = message.data.decode(errors="replace") if is_bytes else message.data
        if message.name != SYSTEM_PRINTER_NAME:
            self.last_lines[message.name] = line.rstrip("\n")
        elif not self.first_to_stop and (stopped := _STOPPED.match(line)):
            self.first_to_stop = stopped[1]


def main(procfile: Path) -> int:
    """Run what a Procfile lists until one of it stops; return the exit code."""
    printer = RememberingPrinter()
    manager = Manager(printer)
    for process in expand_processes(parse_procfile(procfile.read_text()).processes):
        manager.add_process(process.name, process.cmd, env={**os.environ, **process.env})
    manager.loop()
    code = int(manager.returncode or 0)
    if code not in (128 + signal.SIGINT, 128 + signal.SIGTERM):  # who asked for that knows why
        reason = printer.last_lines.get(printer.first_to_stop if code else LAST)
        reason = reason or f"{printer.first_to_stop} has stopped with {code}"
        print(reason)  # noqa: T201 - for who looks at the terminal
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

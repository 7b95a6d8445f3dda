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
_STARTED = re.compile(r"\S+ started \(pid=")
_STOPPED = re.compile(r"(\S+) stopped \(rc=")


class RememberingPrinter(Printer):  # type: ignore[misc]  # honcho has no types
    """Prints lines as honcho does, and remembers the last of each process.

    Where nobody reads them any more, as behind ``| head``, all is ended once all have started:
    honcho cannot end what it has not started, and would wait for the others with an exception.

    Args:
        to_start: How many processes there are.

    Attributes:
        first_to_stop: Which process stopped first, because of which the others had to.
        last_lines: What each said last.
    """

    def __init__(self, to_start: int) -> None:
        super().__init__(sys.stdout)
        self._to_start = to_start
        self._is_unread = False
        self.first_to_stop = ""
        self.last_lines: dict[str, str] = {}

    def write(self, message: Message) -> None:
        """Print a line."""
        try:
            super().write(message)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self._is_unread = True
        is_bytes = isinstance(message.data, bytes)
        line = message.data.decode(errors="replace") if is_bytes else message.data
        if message.name != SYSTEM_PRINTER_NAME:
            self.last_lines[message.name] = line.rstrip("\n")
        elif _STARTED.match(line):
            self._to_start -= 1
        elif not self.first_to_stop and (stopped := _STOPPED.match(line)):
            self.first_to_stop = stopped[1]
        if self._is_unread and self._to_start == 0:
            self._is_unread = False
            signal.raise_signal(signal.SIGTERM)


def main(procfile: Path) -> int:
    """Run what a Procfile lists until one of it stops; return the exit code."""
    processes = expand_processes(parse_procfile(procfile.read_text()).processes)
    printer = RememberingPrinter(len(processes))
    manager = Manager(printer)
    for process in processes:
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

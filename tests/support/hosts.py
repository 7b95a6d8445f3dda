"""Hosts made of namespaces on one machine, joined by links that can be slow, cut and mended.

Each host has its own network, process numbers, name and shared memory; its files are the machine's.
A host lives in a process that reads from this one, and all that runs in it ends with that: nothing
is left when this process is killed, and nothing has a name that another could have.
"""

from __future__ import annotations

import ctypes
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil

T = TypeVar("T")

PROGRAMS = ("ip", "nsenter", "tc", "unshare")
NETWORK = "10.77.0"
_HOLD = (
    *("unshare", "--net", "--mount", "--uts", "--pid", "--mount-proc", "--fork", "--kill-child"),
    *("sh", "-c", 'mount -t tmpfs none /dev/shm && hostname "$0" && echo made && exec cat'),
)
"""Makes namespaces and keeps them until its input ends, and with it the first process in them."""
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET
_BUCKET = ("burst", "16kb", "latency", "200ms")
"""So much may come at once over a limited link, and so long it may wait."""


class NoHostsError(Exception):
    """No hosts can be made on this machine; says why."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes that have gone over a link, with all headers."""

    to_host: int
    from_host: int

    def since(self, before: Traffic) -> Traffic:
        """Return what was added since an earlier look."""
        return Traffic(self.to_host - before.to_host, self.from_host - before.from_host)


class InHost(subprocess.Popen[Any]):
    """A program in a host; signals go to it, and not to the ``nsenter`` that waits for it."""

    def send_signal(self, sig: int) -> None:
        """Send a signal to the program."""
        if self.poll() is not None:
            return
        programs = psutil.Process(self.pid).children()
        for program in programs:
            with suppress(psutil.NoSuchProcess):  # it has just ended
                program.send_signal(sig)
        if not programs:
            super().send_signal(sig)


class Namespaces:
    """A name, and namespaces that live as long as this object or, at most, this process.

    Raises:
        NoHostsError: The system does not allow them.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._holder = subprocess.Popen(
            [*_HOLD, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._holder.stdout is not None
        if not self._holder.stdout.readline():
            _, errors = self._holder.communicate()
            raise NoHostsError(f"no namespaces: {errors.strip()}")
        (first,) = psutil.Process(self._holder.pid).children()
        self.pid = first.pid

    def set_up(self, *command: str, told: str = "") -> str:
        """Run a program that sets the network up, ``told`` being its input; return what it says.

        Raises:
            NoHostsError: It fails.
        """
        done = subprocess.run(
            ["nsenter", f"--target={self.pid}", "--net", *command],
            input=told,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NoHostsError(f"{' '.join(command)} {told}: {done.stderr.strip()}")
        return done.stdout

    def close(self) -> None:
        """End all that runs in here."""
        self._holder.kill()
        self._holder.communicate()


class Host(Namespaces):
    """A host with one link, ``eth0``, to a switch.

    Args:
        name: Its name.
        address: Its address.
        switch: The other end of its link.

    Attributes:
        address: Its address.
    """

    def __init__(self, name: str, address: str, switch: Namespaces) -> None:
        super().__init__(name)
        self.address = address
        self._switch = switch
        self._inside = ThreadPoolExecutor(1, initializer=self._enter_network)

    def plug_in(self) -> None:
        """Make the link.

        Raises:
            NoHostsError: The system has no links or no bridges.
        """
        quiet = "addrgenmode none gso_max_segs 1"  # no packets of its own, none larger than real
        self._switch.set_up(
            *("ip", "-batch", "-"),
            told=f"link add name {self.name} type veth peer name eth0 netns {self.pid}\n"
            f"link set dev {self.name} master switch {quiet} up\n",
        )
        self.set_up(
            *("ip", "-batch", "-"),
            told=f"link set dev lo up\naddr add {self.address}/24 dev eth0\n"
            f"link set dev eth0 {quiet} up\n",
        )

    def start(self, command: Sequence[str], cwd: str | Path = ".", **options: Any) -> InHost:
        """Start a program on this host, as ``subprocess.Popen`` does."""
        enter = ("nsenter", f"--target={self.pid}", "--net", "--mount", "--uts", "--pid")
        there = ("sh", "-c", 'cd "$0" && exec "$@"', str(Path(cwd).resolve()))  # else it is in /
        return InHost([*enter, *there, *command], **options)

    def call(self, function: Callable[..., T], *arguments: object) -> T:
        """Call a function of this process whose sockets are this host's."""
        return self._inside.submit(function, *arguments).result()

    def cut(self) -> None:
        """Cut the link: what is sent is lost, and no end is told."""
        self._switch.set_up("ip", "link", "set", "dev", self.name, "down")

    def mend(self) -> None:
        """Mend the link."""
        self._switch.set_up("ip", "link", "set", "dev", self.name, "up")

    def cut_for(self, seconds: float) -> None:
        """Cut the link and mend it after so long."""
        self.cut()
        time.sleep(seconds)
        self.mend()

    def limit(self, mbit: float) -> None:
        """Let so many megabits a second over the link, each way."""
        bucket = ("root", "tbf", "rate", f"{round(mbit * 1000)}kbit", *_BUCKET)
        self._switch.set_up("tc", "qdisc", "replace", "dev", self.name, *bucket)
        self.set_up("tc", "qdisc", "replace", "dev", "eth0", *bucket)

    def traffic(self) -> Traffic:
        """Return what has gone over the link."""
        told = self._switch.set_up("ip", "-json", "-statistics", "link", "show", "dev", self.name)
        counted = json.loads(told)[0]["stats64"]
        return Traffic(counted["tx"]["bytes"], counted["rx"]["bytes"])

    def close(self) -> None:
        """End all that runs on this host."""
        self._inside.shutdown()
        super().close()

    def _enter_network(self) -> None:
        """Have all sockets that this thread makes be this host's."""
        with Path(f"/proc/{self.pid}/ns/net").open() as network:
            if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), _NEW_NETWORK):
                raise OSError(ctypes.get_errno(), f"cannot enter the network of {self.name}")


@contextmanager
def hosts(*names: str) -> Iterator[tuple[Host, ...]]:
    """Make hosts that reach each other, of addresses in the order of their names.

    Raises:
        NoHostsError: The system does not allow it, or a program for it is missing.
    """
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise NoHostsError(f"needs {' and '.join(missing)} (Debian: iproute2, util-linux)")
    with ExitStack() as stack:
        switch = stack.enter_context(closing(Namespaces("switch")))
        switch.set_up("ip", "link", "add", "name", "switch", "type", "bridge")
        switch.set_up("ip", "link", "set", "dev", "switch", "addrgenmode", "none", "up")
        made = []
        for place, name in enumerate(names, 1):
            made.append(stack.enter_context(closing(Host(name, f"{NETWORK}.{place}", switch))))
            made[-1].plug_in()
        yield tuple(made)

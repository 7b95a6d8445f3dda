"""Who waitress lets in, fenced in as ``waitress_server`` says."""

from __future__ import annotations

import errno
import logging
import socket
import time
from collections.abc import Callable
from typing import Any

from waitress.server import TcpWSGIServer

from publisher.web.connections import capped_client, first_to_go, too_many
from publisher.web.waitress_channel import Channel
from publisher.web.waitress_threads import Dispatcher

ACCEPTED_AT_ONCE = 64
LOOK_S = 1.0
"""Between looks at who takes too long, and at threads that have nothing to do."""
TELL_S = 60.0
"""Between lines in the log that say that somebody has to go."""

log = logging.getLogger(__name__)


class Listener(TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    """Lets everybody in, and sends away for it who has waited longest.

    waitress would let nobody in any more when all places are taken, until the oldest had been
    silent for half a minute.

    Attributes:
        client_connections: As ``WaitressServer`` has it.
        secure: As ``WaitressServer`` has it.
    """

    channel_class = Channel
    active_channels: dict[int, Channel]
    task_dispatcher: Dispatcher
    client_connections: int
    secure: Callable[[socket.socket], Any] | None
    _next_look_s = 0.0
    _told_s = float("-inf")

    def readable(self) -> bool:
        """Look after the connections now and then; always listen."""
        now_s = time.monotonic()
        if now_s >= self._next_look_s:
            self._next_look_s = now_s + LOOK_S
            channels = self._open_channels()
            for channel in channels:
                channel.note_progress(now_s)
            overdue = [each for each in channels if each.progress.is_overdue(now_s)]
            for channel in {*overdue, *too_many(channels, now_s)}:
                channel.hang_up()
            self.task_dispatcher.end_idle_threads()
        return bool(self.accepting)

    def look_soon(self) -> None:
        """Look after the connections before anything else is done; from any thread."""
        self._next_look_s = 0.0
        self.pull_trigger()

    def handle_accept(self) -> None:
        """Let in who has come."""
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                connection, address = self.socket.accept()
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    self._make_room(self._open_channels())
                return  # nobody is there any more
            try:
                self._let_in(connection, address)
            except OSError:  # has hung up already
                connection.close()

    def _let_in(self, connection: socket.socket, address: tuple[Any, ...]) -> None:
        client = capped_client(address[0])
        channels = self._open_channels()
        own = [each for each in channels if client is not None and each.client == client]
        if len(own) >= self.client_connections:
            self._tell(
                "%s has %d connections, all of PUBLISHER_CLIENT_CONNECTIONS",
                client,
                self.client_connections,
            )
            has_room = self._make_room(own)
        elif len(channels) >= self.adj.connection_limit:
            self._tell("all %d connections are taken", len(channels))
            has_room = self._make_room(channels)
        else:
            has_room = True
        if not has_room:
            connection.close()
            return
        self.set_socket_options(connection)
        stream = connection if self.secure is None else self.secure(connection)
        Channel(self, stream, address, self.adj, self._map)

    def _make_room(self, channels: list[Channel]) -> bool:
        """Send one away; return whether there was one that may go."""
        now_s = time.monotonic()
        for channel in channels:
            channel.note_progress(now_s)
        goes = first_to_go(channels)
        if goes is not None:
            goes.hang_up()
        return goes is not None

    def _open_channels(self) -> list[Channel]:
        return [each for each in self.active_channels.values() if not each.will_close]

    def _tell(self, what: str, *arguments: object) -> None:
        if time.monotonic() - self._told_s > TELL_S:
            self._told_s = time.monotonic()
            log.warning(f"{what}; idle and unfinished ones make room, oldest first", *arguments)

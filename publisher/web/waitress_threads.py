"""The threads of waitress, fenced in as ``waitress_server`` says: as many as are needed."""

from __future__ import annotations

import threading

from waitress.task import ThreadedTaskDispatcher

IDLE_THREADS = 16
"""So many are kept when they have nothing to do."""


class Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]  # waitress has no types
    """Starts a thread when a request finds none idle; waitress would start all of them at once.

    Args:
        most: How many threads there may be; what comes when all are busy waits.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self._adding = threading.Lock()

    def add_task(self, task: object) -> None:
        """Have a request answered. A thread that has just been started has one of its own to do."""
        with self._adding:
            with self.lock:
                running = len(self.threads) - self.stop_count
                has_idle = running - self.active_count > len(self.queue)
            if has_idle or running >= self._most:
                super().add_task(task)
            else:
                self.queue.append(task)
                self.set_thread_count(running + 1)

    def end_idle_threads(self) -> None:
        """Keep some of the threads that have nothing to do, and end the others."""
        with self._adding:
            with self.lock:
                running = len(self.threads) - self.stop_count
                idle = running - self.active_count - len(self.queue)
            if idle > IDLE_THREADS:
                self.set_thread_count(running - idle + IDLE_THREADS)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End all threads and start no more."""
        with self._adding:
            self._most = 0
        ended: bool = super().shutdown(cancel_pending, timeout)
        return ended

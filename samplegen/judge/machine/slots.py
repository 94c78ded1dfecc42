"""Who may keep a processor busy: as many at a time as there are slots."""

import contextlib
import threading
import time
from collections.abc import Iterator


class Slot:
    """What one worker holds while it computes, and lends to others while it only waits."""

    def __init__(self, free: threading.Semaphore) -> None:
        self._free = free
        self.waited = 0.0
        """Seconds spent without it."""

    def another(self) -> "Slot":
        """A slot of another worker."""
        return Slot(self._free)

    def idle(self) -> "Slot":
        """One that nobody has to wait for: whoever holds it uses no processor."""
        return Slot(threading.Semaphore(2))

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Waits for the slot and has it for the block."""
        self._take()
        try:
            yield
        finally:
            self._free.release()

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """Others have the slot for the block."""
        self._free.release()
        started = time.monotonic()
        try:
            yield
        finally:
            self.waited += time.monotonic() - started
            self._take()

    def _take(self) -> None:
        started = time.monotonic()
        self._free.acquire()
        self.waited += time.monotonic() - started

"""The real server that faulty servers forward to."""

import threading
from contextlib import ExitStack

from samplegen.connection.model import Connection
from samplegen.connection.options import asked
from samplegen.errors import SamplegenError
from samplegen.judge.servers import started
from samplegen.judge.servers.started import Target
from samplegen.spec.api import Api


class Upstream:
    """The target if it needs no credentials, else a server of the API's own.

    An ingress counts, and may limit, what it is asked.
    """

    def __init__(self, api: Api, target: Target) -> None:
        """Starts nothing yet."""
        self._api = api
        self._target = target
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._own: Target | None = None

    def __enter__(self) -> "Upstream":
        """Starts nothing yet."""
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()
        self._own = None

    def connection(self) -> Connection:
        """Where it is; started when it is first needed.

        Raises:
            SamplegenError: It does not come up, or has ended.
        """
        with self._lock:
            if not asked(self._target.connection) or not started.installed(self._api.server):
                return self._target.connection
            if self._own is None:
                server = started.started(self._api)
                self._own = self._stack.enter_context(server)
            if (death := self._own.death()) is not None:
                raise SamplegenError(death)
            return self._own.connection

"""The requests that a server records, as lines of JSON in a file."""

import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from samplegen.errors import SamplegenError
from samplegen.judge.machine.slots import Slot

_SHOWN = 80
"""Bytes that are shown of what is no request."""

Request = dict[str, Any]
"""`rpc`; of what goes to a model, `model`, `version` and `inputs` (name, datatype, shape and digest
of each, by name; null for what is no inference), else `request` (the fields of the message);
`deadline` (whether there was one; null over REST, which sends none), `error`, and `answer` (the
fields of the response, if the server records it)."""


class Recording:
    """The requests that a server appends to a file, as lines of JSON."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def watch(self, slot: Slot) -> Iterator[list[Request]]:
        """The requests of the block, once it ends; one block runs at a time, so they are its own.

        Raises:
            SamplegenError: The server wrote something else than JSON objects.
        """
        requests: list[Request] = []
        with contextlib.ExitStack() as stack:
            with slot.lent():
                stack.enter_context(self._lock)
            start = self._path.stat().st_size
            yield requests
            with self._path.open("rb") as stream:
                stream.seek(start)
                requests += [_request(line) for line in stream]


def _request(line: bytes) -> Request:
    try:
        request = json.loads(line)
    except ValueError as error:
        raise SamplegenError(f"the server recorded {_start(line)}, which is not JSON") from error
    if not isinstance(request, dict) or not isinstance(request.get("rpc"), str):
        raise SamplegenError(f"the server recorded {_start(line)}; expected an object with 'rpc'")
    return request


def _start(line: bytes) -> str:
    return repr(line[:_SHOWN].decode(errors="backslashreplace"))

"""What a program took from a changed answer is changed back in what it asks next.

A program may send a value on that an answer gave it: the id of what it made. The real server knows
only its own.
"""

from typing import Any
from urllib.parse import quote, unquote

from samplegen.judge.servers.proxy.decoding import Decoder
from samplegen.judge.servers.proxy.documents import Style, Undecodable, copied, leaves, put
from samplegen.judge.servers.proxy.exchanges import Altered, Exchange

_SHORTEST = 5
"""Characters of a value that is known again; a shorter one may be a program's own."""


class Carried:
    """The values that answers of a session were given, and those that they stand for."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._real: dict[str, Any] = {}

    def __bool__(self) -> bool:
        return bool(self._real)

    def given(self, altered: Altered) -> None:
        """Remembers a value of an answer."""
        text = str(altered.new)
        known_again = isinstance(altered.new, int | float | str) and len(text) >= _SHORTEST
        if known_again and altered.old is not None:
            self._real[text] = altered.old

    def target(self, target: str) -> str:
        """A path and query with the real values."""
        path, mark, query = target.partition("?")
        parts = [self._part(part) for part in path.split("/")]
        pairs = ["=".join(map(self._part, pair.split("="))) for pair in query.split("&")]
        return "/".join(parts) + mark + "&".join(pairs)

    def _part(self, part: str) -> str:
        real = self._real.get(unquote(part))
        return part if real is None else quote(str(real), safe="")

    def body(self, exchange: Exchange, body: bytes) -> bytes:
        """A message, or a body over REST, with the real values; as it is if it cannot be read."""
        try:
            document = self._decoder.asked(exchange, body)
        except Undecodable:
            return body
        tree = copied(document.tree)
        found = [(path, value) for path, value in leaves(tree) if str(value) in self._real]
        for path, value in found:
            real = self._real[str(value)]
            tree = put(tree, path, str(real) if isinstance(value, str) else real)
        return document.encode(tree, Style()).body if found else body

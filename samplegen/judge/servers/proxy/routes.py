"""Which call of an operation a request makes."""

import re
from collections.abc import Sequence
from urllib.parse import unquote

from samplegen.judge.servers.proxy.exchanges import Exchange
from samplegen.spec.operation import Call


def named(calls: Sequence[Call], exchange: Exchange) -> str:
    """The call that a request makes, by its name; empty if it is none of them.

    Over gRPC it is the last part of the path, whatever the calls are.
    """
    if exchange.transport == "grpc":
        return exchange.path.rpartition("/")[2]
    return next((call.rpc for call in calls if variables(call, exchange) is not None), "")


def variables(call: Call, exchange: Exchange) -> dict[str, str] | None:
    """What the path of a request over REST has in place of the names in that of a call, decoded.

    A version may be left out. None if it is not that call.
    """
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(call.path.partition("?")[0]))
    pattern = re.sub(r"(/versions/\(\?P<version>\[\^/\]\+\))", r"(?:\1)?", pattern)
    match = re.fullmatch(pattern, exchange.path)
    if match is None or call.method != exchange.method:
        return None
    return {name: unquote(value) for name, value in match.groupdict(default="").items()}

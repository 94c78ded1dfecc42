"""Decodes what an exchange holds: KServe's tensors, protobuf by a contract, JSON by structure."""

import json
import zlib
from dataclasses import replace
from typing import Any

from samplegen.judge.servers.proxy import kserve_tensors, protobuf
from samplegen.judge.servers.proxy.documents import (
    Document,
    Encoded,
    Kind,
    Kinds,
    Style,
    Undecodable,
)
from samplegen.judge.servers.proxy.exchanges import Answer, Exchange, Headers, Path, header
from samplegen.judge.servers.proxy.protobuf import Contract, Method

_LONGEST = 2**28
"""Bytes of a body that was compressed."""
_BASE64 = Kind("BASE64")
"""Bytes, as JSON of a contract has them."""
_CODINGS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


class Decoder:
    """Decodes the exchanges of an API.

    Args:
        contract: Its messages, if they are known; else gRPC cannot be decoded.
    """

    def __init__(self, contract: Contract | None = None) -> None:
        self._contract = contract

    def request(self, exchange: Exchange) -> Document:
        """What the program sent; of a stream, the first message.

        Raises:
            Undecodable: It is not what the contract or its own headers say.
        """
        if not exchange.whole:
            raise Undecodable("the request broke off, or is longer than what is kept")
        if exchange.transport == "grpc":
            return self.message(exchange, _first(exchange.messages), request=True)
        return self._body(exchange, exchange.headers, exchange.body, request=True)

    def asked(self, exchange: Exchange, body: bytes) -> Document:
        """A message of a request over gRPC, or its body over REST, before all of it is recorded.

        Raises:
            Undecodable: It is not what the contract or its own headers say.
        """
        if exchange.transport == "grpc":
            return self.message(exchange, body, request=True)
        return self._body(exchange, exchange.headers, body, request=True)

    def answer(self, exchange: Exchange, answer: Answer) -> Document:
        """What was answered; of a stream, the first message.

        Raises:
            Undecodable: It is not what the contract or its own headers say.
        """
        if not answer.whole:
            raise Undecodable("the answer broke off, or is longer than what is kept")
        if exchange.transport == "grpc":
            return self.message(exchange, _first(answer.messages))
        if answer.status >= 400:  # no contract says what an error holds
            return self._body(replace(exchange, call=""), answer.headers, answer.body)
        return self._body(exchange, answer.headers, answer.body)

    def message(self, exchange: Exchange, message: bytes, *, request: bool = False) -> Document:
        """One message over gRPC.

        Raises:
            Undecodable: There is no contract, or the message does not fit it.
        """
        if self._contract is None:
            raise Undecodable("the contract of the API is not known")
        method = self._contract.method(exchange.path)
        if method is None:
            raise Undecodable(f"the contract has no {exchange.path}")
        descriptor = method.request if request else method.response
        tensors = kserve_tensors.from_message(protobuf.parsed(descriptor, message))
        if tensors is not None:
            return tensors
        document = protobuf.decoded(descriptor, message)
        return Document(
            tree=document.tree,
            kinds=kserve_tensors.kinds(document.tree, document.kinds),
            encode=document.encode,
        )

    def _body(
        self, exchange: Exchange, headers: Headers, body: bytes, *, request: bool = False
    ) -> Document:
        text, behind = kserve_tensors.split(headers, _plain(headers, body))
        if not text:
            return Document(tree=None, kinds=_unknown, encode=lambda tree, style: Encoded(b""))
        tree = _json(text)
        other = self._kinds(exchange, request=request)
        tensors = kserve_tensors.from_json(tree, behind, other)
        if tensors is not None:
            return tensors
        kinds = kserve_tensors.kinds(tree, other)

        def encode(values: Any, style: Style) -> Encoded:
            return Encoded(style.write(values, kinds))

        return Document(tree=tree, kinds=kinds, encode=encode)

    def _kinds(self, exchange: Exchange, *, request: bool) -> Kinds:
        """The kinds that the contract gives the JSON of a call, under either name of a field."""
        method = self._contract.named(exchange.call) if self._contract and exchange.call else None
        if method is None:
            return _unknown
        return _json_kinds(method, request=request)


def _json_kinds(method: Method, *, request: bool) -> Kinds:
    descriptor = method.request if request else method.response

    def kind(path: Path) -> Kind | None:
        found = protobuf.kind(descriptor, path)
        return _BASE64 if found is not None and found.name == "BYTES" else found

    return kind


def _unknown(path: Path) -> None:
    return None


def _first(messages: list[bytes]) -> bytes:
    if not messages:
        raise Undecodable("there is no message")
    return messages[0]


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Undecodable(f"no JSON: {error}") from error


def _plain(headers: Headers, body: bytes) -> bytes:
    """A body without its coding."""
    coding = (header(headers, "content-encoding") or "identity").lower()
    if coding == "identity" or not body:
        return body
    if coding not in _CODINGS:
        raise Undecodable(f"the content-encoding {coding!r} is not known")
    inflating = zlib.decompressobj(_CODINGS[coding])
    try:
        found = inflating.decompress(body, _LONGEST)
    except zlib.error as error:
        raise Undecodable(f"no {coding}: {error}") from error
    if not inflating.eof:
        raise Undecodable(f"the {coding} of the body breaks off, or grows beyond {_LONGEST} bytes")
    return found

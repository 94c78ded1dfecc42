"""Values to begin with: those that a contract gives, else such as fit the type and the name."""

from collections.abc import Iterator
from typing import Any

from samplegen.contract.model import Contract, Field, Message
from samplegen.contract.values import RANGES, Reader

_DEEPEST = 5
"""Messages within each other; a message that needs itself would have no end."""
_BY_FORMAT = {
    "date": "2026-01-31", "date-time": "2026-01-31T12:00:00Z", "time": "12:00:00Z",
    "duration": "PT1M", "email": "ada@example.com", "hostname": "example.com",
    "ipv4": "192.0.2.1", "ipv6": "2001:db8::1", "uri": "https://example.com",
    "url": "https://example.com", "uuid": "123e4567-e89b-42d3-a456-426614174000",
}  # fmt: skip
_BY_NAME = {
    "email": "ada@example.com", "url": "https://example.com", "uri": "https://example.com",
    "id": "1", "country": "FR", "language": "fr", "currency": "EUR",
}  # fmt: skip
"""By the last word of a name."""
_NUMBERS = {
    "ttl": 60, "limit": 10, "size": 10, "seconds": 60, "timeout": 60, "port": 8080, "year": 2026,
}  # fmt: skip


def needed(contract: Contract, message: Message) -> tuple[Field, ...]:
    """The fields without which a request makes no sense.

    Protos mostly do not tell. There they are the first field and texts and bytes behind it, as in
    `key` and `value`.
    """
    fields = [known for known in message.fields.values() if can_be_sent(contract, known)]
    marked = tuple(known for known in fields if known.required)
    if marked or not contract.descriptors:
        return marked
    found: list[Field] = []
    for known in fields:
        scalar = known.kind not in ("message", "enum", "bool") and not (
            known.repeated or known.is_map or known.oneof or known.presence
        )
        if not scalar or (found and known.kind not in ("string", "bytes")):
            break
        found.append(known)
    return tuple(found)


def can_be_sent(contract: Contract, known: Field) -> bool:
    """Whether steps can hold the field: no messages that have a JSON of their own."""
    if known.read_only:
        return False
    if known.kind != "message":
        return True
    inner = contract.messages[known.type]
    return not known.type.startswith("google.protobuf.") and all(
        not field.required or field.kind != "message" or not field.type.startswith("google.")
        for field in inner.fields.values()
    )


def is_given(contract: Contract, known: Field) -> bool:
    """Whether the contract gives a value for the field itself."""
    return known.kind in ("enum", "message") or _given(contract, known) is not None


def example(contract: Contract, known: Field, depth: int = 0) -> Any:
    """A value for a field, as the request of a step holds it."""
    given = _given(contract, known)
    if given is not None:
        return given
    if known.repeated:
        return [_single(contract, known, depth)]
    if known.is_map:
        key = {"string": "key", "bool": "true"}.get(known.key or "", "1")
        return {key: _single(contract, known, depth)}
    return _single(contract, known, depth)


def _given(contract: Contract, known: Field) -> Any:
    """The contract's own value, in the first of the ways to write it that fits; None: none does."""
    for way in _ways(known, known.example):
        reader = Reader(contract, {})
        reader.value(known, way, ())
        if not reader.mistakes:
            return way
    return None


def _ways(known: Field, value: Any) -> Iterator[Any]:
    if value is None:
        return
    if known.kind == "bytes" and isinstance(value, str):
        yield {"base64": value}
    yield value
    if known.kind in RANGES and isinstance(value, str) and value.lstrip("-").isdecimal():
        yield int(value)
    if known.kind == "string" and isinstance(value, int | float):
        yield str(value).lower()
    if known.repeated and not isinstance(value, list):
        yield [value]


def _single(contract: Contract, known: Field, depth: int) -> Any:
    """A value by type and name."""
    word = known.name.replace("-", "_").lower().rpartition("_")[2]
    kind = known.kind
    if kind == "message":
        inner = contract.messages[known.type]
        fields = needed(contract, inner) if depth < _DEEPEST else ()
        return {field.name: example(contract, field, depth + 1) for field in fields}
    if kind == "enum":
        values = contract.enums[known.type].values
        zero_means_none = bool(contract.descriptors)
        named = (name for name, number in values.items() if number or not zero_means_none)
        return next(named, next(iter(values), ""))
    if kind in RANGES:
        return _NUMBERS.get(word, 1)
    if kind in ("float", "double"):
        return 1.5
    if kind == "bool":
        return True
    return _BY_FORMAT.get(known.declared) or _BY_NAME.get(word) or known.name

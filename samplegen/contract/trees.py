"""Messages as trees of dicts and lists: what values mean, and what JSON and URLs say of them."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from samplegen.contract.model import Contract, Field, Kind, Message
from samplegen.contract.values import RANGES, Joined, Saved, Value

_LONG = frozenset({"int64", "uint64"})
AS_TEXT = frozenset({"string", "enum", "bytes", *_LONG})
"""Kinds that JSON has as text; see the JSON mapping of Protocol Buffers."""
Fill = Callable[[Saved], Any]
"""What an answer held."""
_Written = Callable[[Kind, Any], Any]
"""How a scalar of a kind is written."""


def tree(values: Iterable[Value], fill: Fill) -> dict[str, Any]:
    """A message as a tree: fields by name, bytes as bytes, enums by name."""
    return _tree(values, fill, lambda kind, value: value)


def json_tree(values: Iterable[Value], fill: Fill) -> dict[str, Any]:
    """A message as JSON has it: fields by name, bytes in Base64, integers of 64 bits as text."""
    return _tree(values, fill, json_scalar)


def _tree(values: Iterable[Value], fill: Fill, written: _Written) -> dict[str, Any]:
    return {value.field.name: _field(value, fill, written) for value in values}


def _field(value: Value, fill: Fill, written: _Written) -> Any:
    known, content = value.field, value.content
    if known.repeated:
        return [_field(item, fill, written) for item in content]
    if known.is_map:
        return {_text(key): _field(item, fill, written) for key, item in content}
    if known.kind == "message":
        return _tree(content, fill, written)
    return written(known.kind, _scalar(value, fill))


def _scalar(value: Value, fill: Fill) -> Any:
    content = value.content
    if isinstance(content, Saved):
        return fill(content)
    if isinstance(content, Joined):
        text = "".join(p if isinstance(p, str) else plain(fill(p)) for p in content.parts)
        return text.encode() if value.field.kind == "bytes" else text
    return content


def plain(value: Any) -> str:
    """A scalar as text."""
    return value.decode(errors="replace") if isinstance(value, bytes) else _text(value)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def in_url(value: Any) -> str:
    """A value as text of a URL, not yet encoded; bytes in Base64 for URLs."""
    if isinstance(value, bytes):
        return base64.urlsafe_b64encode(value).decode()
    return value if isinstance(value, str) else json.dumps(value)


def json_scalar(kind: Kind, value: Any) -> Any:
    """A scalar as JSON has it: bytes in Base64, integers of 64 bits as text."""
    if kind == "bytes":
        return base64.b64encode(value).decode()
    return str(value) if kind in _LONG else value


def from_json(contract: Contract, name: str, data: Any) -> Any:
    """A message in JSON as a tree; what does not fit its field stays as it is."""
    if not isinstance(data, Mapping) or name not in contract.messages:
        return data
    message = contract.messages[name]
    return dict(_from_json(contract, message, data))


def _from_json(
    contract: Contract, message: Message, data: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    for key, item in data.items():
        known = message.field(key)
        if known is None:
            yield key, item
        elif known.repeated and isinstance(item, list):
            yield known.name, [_single(contract, known, one) for one in item]
        elif known.is_map and isinstance(item, Mapping):
            yield known.name, {k: _single(contract, known, one) for k, one in item.items()}
        else:
            yield known.name, _single(contract, known, item)


def _single(contract: Contract, known: Field, item: Any) -> Any:
    if known.kind == "message":
        return from_json(contract, known.type, item)
    try:
        if known.kind == "bytes" and isinstance(item, str):
            return base64.b64decode(item, validate=True)
        if known.kind in RANGES and known.kind != "integer" and isinstance(item, str):
            return int(item)
    except ValueError:
        return item
    return item


def without_zeros(contract: Contract, name: str, data: Any) -> Any:
    """A tree without the fields that say as much as if they were not there."""
    if not isinstance(data, Mapping) or name not in contract.messages:
        return data
    found = {}
    for key, item in data.items():
        known = contract.messages[name].field(key)
        if known is None:
            found[key] = item
        elif known.repeated or known.is_map:
            kept = _each(contract, known, item)
            if kept:
                found[key] = kept
        elif known.kind == "message":
            found[key] = without_zeros(contract, known.type, item)
        elif known.presence or item != contract.zero(known):
            found[key] = item
    return found


def _each(contract: Contract, known: Field, items: Any) -> Any:
    """The items of a list or a map, each without zeros if it is a message."""
    if isinstance(items, Mapping):
        return {key: without_zeros(contract, known.type, item) for key, item in items.items()}
    if isinstance(items, list):
        return [without_zeros(contract, known.type, item) for item in items]
    return items

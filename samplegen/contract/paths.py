"""Ways into an answer: `kvs[0].value`, checked against the contract where there is one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from samplegen.contract.model import Contract, Field, Kind
from samplegen.errors import nearest

_HOP = re.compile(r"([^.\[\]]+)((?:\[\d+\])*)")


@dataclass(frozen=True)
class Hop:
    """A field on the way, and which of its items if it holds a list."""

    name: str
    """Empty: the way goes on within an item of the list before, which is a list itself."""
    index: int | None = None
    field: Field | None = None
    """None: there is no contract."""
    zero: str | bytes | bool | int | None = None
    """What the field is if it is not set; None: that is not known, or it is a message."""


Way = tuple[Hop, ...]


def places(way: Sequence[Hop]) -> tuple[str | int, ...]:
    """The names and indices on the way."""
    found: list[str | int] = []
    for hop in way:
        found += [hop.name] if hop.name else []
        found += [] if hop.index is None else [hop.index]
    return tuple(found)


def words(way: Sequence[Hop]) -> tuple[str, ...]:
    """The same as texts."""
    return tuple(map(str, places(way)))


def kind(way: Way) -> Kind:
    """What kind of value the way leads to; text, if there is no contract."""
    known = way[-1].field
    return known.kind if known is not None else "string"


def is_choice(way: Way) -> bool:
    """Whether the way leads to a boolean or an enum, whose zero is as good as any other value."""
    known = way[-1].field
    return known is not None and known.kind in ("bool", "enum")


def shown(way: Sequence[Hop]) -> str:
    """The path that means the way."""
    text = "".join(
        f"{'.' if h.name else ''}{h.name}{'' if h.index is None else f'[{h.index}]'}" for h in way
    )
    return text.removeprefix(".")


def parsed(path: str) -> Way:
    """The way that a path means, without a contract.

    Raises:
        ValueError: It is none.
    """
    hops = []
    for part in path.split("."):
        match = _HOP.fullmatch(part)
        if match is None:
            raise ValueError(
                f"found {path!r}; expected names with dots between, such as kvs[0].key"
            )
        indices = [int(index) for index in re.findall(r"\d+", match[2])]
        hops.append(Hop(match[1], indices[0] if indices else None))
        hops += [Hop("", index) for index in indices[1:]]
    return tuple(hops)


def condition(contract: Contract, message: str, path: str) -> Way:
    """The way to what each message of a stream may hold: a scalar, or a list of messages.

    Raises:
        ValueError: It leads nowhere, or to something else.
    """
    if any(hop.index is not None for hop in parsed(path)):
        raise ValueError(f"found {path!r}; expected no index: a message may have no such item")
    try:
        way = resolved(contract, message, path, ends_in_list=True)
    except ValueError:
        return resolved(contract, message, path)
    last = way[-1].field
    if last is not None and not last.repeated:
        raise ValueError(f"{path!r} is a message; name a field of it")
    return way


def resolved(contract: Contract, message: str, path: str, *, ends_in_list: bool = False) -> Way:
    """The way that a path means in a message.

    Args:
        contract: Has the message.
        message: Its full name.
        path: Names of fields with dots between them.
        ends_in_list: Whether it leads to a list of messages; else, to a scalar.

    Raises:
        ValueError: It leads nowhere, or to something else.
    """
    here: str | None = message
    found: list[Hop] = []
    hops = parsed(path)
    for number, hop in enumerate(hops):
        if not hop.name:
            raise ValueError(f"{found[-1].name!r} is no list of lists; write one index")
        if here is None:
            raise ValueError(f"{found[-1].name!r} is no message, so it has no {hop.name!r}")
        known = contract.messages[here]
        field = known.field(hop.name)
        if field is None:
            raise ValueError(f"{here} has no field {hop.name!r}; {nearest(hop.name, known.fields)}")
        last = number == len(hops) - 1
        if field.is_map:
            raise ValueError(f"{hop.name!r} is a map, which cannot be read yet")
        if field.repeated and hop.index is None and not (last and ends_in_list):
            raise ValueError(f"{hop.name!r} is a list; write an index, such as {hop.name}[0]")
        if hop.index is not None and not field.repeated:
            raise ValueError(f"{hop.name!r} is no list; leave out the index")
        found.append(Hop(field.name, hop.index, field, contract.zero(field)))
        here = field.type if field.kind == "message" else None
    if ends_in_list and (found[-1].index is not None or here is None):
        raise ValueError(f"{path!r} is no list of messages")
    if not ends_in_list and here is not None:
        names = ", ".join(contract.messages[here].fields)
        raise ValueError(f"{path!r} is a {here}; go on with one of its fields: {names}")
    return tuple(found)

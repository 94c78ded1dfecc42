"""Which calls and clients a draft has, if nobody or a reader chooses them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from samplegen.contract.model import Contract, Method
from samplegen.drafting import operations
from samplegen.drafting.contracts import Given
from samplegen.errors import SamplegenError, UsageError
from samplegen.render.clients import Client, Clients
from samplegen.resources import template_layers
from samplegen.spec.operation import STEPS

T = TypeVar("T")
MOST_CALLS = 10
"""Calls that are drafted if none is named."""
_MOST_NAMES = 20


@dataclass(frozen=True)
class Chosen(Generic[T]):
    """What was chosen, and what is to be said of the rest."""

    found: tuple[T, ...]
    notes: tuple[str, ...] = ()


def clients_with_steps() -> tuple[Client, ...]:
    """The packaged clients that have a template for steps, in their order."""
    layers = template_layers()
    found = {path.rpartition("/")[0] for path in layers.glob(f"*/*/{STEPS}.*.jinja")}
    return Clients(layers, lambda: sorted(found)).all()


def calls(contract: Contract, names: Sequence[str]) -> Chosen[Method]:
    """The methods that are named, else the first that steps can call.

    Raises:
        UsageError: With each name that is none, or is one of a method that steps cannot call.
    """
    if not names:
        return _first(contract)
    problems = []
    found: dict[Method, None] = {}
    for call in names:
        method = contract.method(call)
        if method is None:
            problems.append(f"--call: the contract has no {call!r}; {contract.hint(call)}")
        elif reason := operations.steps_cannot(contract, method):
            problems.append(f"--call: {call!r}: {reason}")
        else:
            found[method] = None
    if problems:
        raise UsageError(*problems)
    return Chosen(tuple(found))


def _first(contract: Contract) -> Chosen[Method]:
    found: list[Method] = []
    impossible: dict[str, list[str]] = {}
    rest: list[str] = []
    streams: list[str] = []
    for method in contract.methods:
        if method.streams:
            streams.append(method.title)
        elif len(found) == MOST_CALLS:
            rest.append(method.title)
        elif reason := operations.steps_cannot(contract, method):
            impossible.setdefault(reason, []).append(method.title)
        else:
            found.append(method)
    if streams:
        impossible["it streams; name it by --call, and say when enough is read"] = streams
    if not found:
        reasons = "; ".join(f"{_listed(names)}: {reason}" for reason, names in impossible.items())
        raise SamplegenError(f"the contract has no call that steps can make: {reasons or 'none'}")
    notes = [f"left out {_listed(names)}: {reason}" for reason, names in impossible.items()]
    if rest:
        notes.append(f"left out, for --call to name: {_listed(rest)}")
    return Chosen(tuple(found), tuple(notes))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES:,} more" if names[_MOST_NAMES:] else ""
    return f"{', '.join(names[:_MOST_NAMES])}{more}"


def fitting(clients: Sequence[Client], given: Given, methods: Sequence[Method]) -> Chosen[Client]:
    """Those of the clients whose transport has all calls.

    Raises:
        UsageError: There are none.
    """
    single = [method for method in methods if not method.streams]
    without = [method.title for method in single or methods if not _has_rest(method)]
    reasons = {} if given.speaks_grpc else {"grpc": "the contract is of REST only"}
    if without:
        reasons["rest"] = f"no route of REST, or none that steps can take, for {_listed(without)}"
    found = tuple(client for client in clients if client.transport not in reasons)
    if not found:
        names = ", ".join(client.name for client in clients)
        raise UsageError(f"--client: {names}: {'; '.join(reasons.values())}")
    left_out = any(client.transport == "rest" for client in clients) and "rest" in reasons
    notes = [f"no client of REST: {reasons['rest']}"] if left_out else []
    streams = [method.title for method in methods if method.streams]
    if streams and any(client.transport == "rest" for client in found):
        notes.append(f"only clients of gRPC have {_listed(streams)}: REST has no streams")
    return Chosen(found, tuple(notes))


def _has_rest(method: Method) -> bool:
    """Whether there is a route whose bodies hold all of a message, and not one of its fields."""
    route = method.route
    if route is None or method.streams:
        return False
    return route.body in ("", "*") and not route.response_body

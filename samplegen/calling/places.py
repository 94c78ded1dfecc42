"""Values at their places in answers."""

from typing import Any

from samplegen.contract.model import Contract, Field
from samplegen.contract.paths import Way
from samplegen.spec.tensors import Scalar


def list_at(answer: Any, way: Way) -> list[Any]:
    """The items of a list; none if it is not there, as protos leave out an empty one.

    Raises:
        LookupError: It is something else.
    """
    *before, last = way
    here = _followed(answer, tuple(before))
    found = here.get(last.name, []) if isinstance(here, dict) else None
    if not isinstance(found, list):
        raise LookupError(f"{last.name!r} is no list")
    return found


def value_at(contract: Contract, answer: Any, way: Way) -> Scalar:
    """The scalar at a place of an answer; of protos, zero or empty if it is left out.

    Raises:
        LookupError: There is none, or it cannot be printed on a line.
    """
    value = scalar_at(contract, answer, way)
    if isinstance(value, str) and not value.isprintable():
        raise LookupError("it has line breaks, or other characters that cannot be seen")
    return value


def scalar_at(contract: Contract, answer: Any, way: Way) -> Scalar:
    """The same, whatever a text holds.

    Raises:
        LookupError: There is none.
    """
    *before, last = way
    here = _followed(answer, tuple(before))
    left_out = isinstance(here, dict) and last.name not in here and last.index is None
    known = last.field
    if left_out and known is not None and not known.presence:
        return _scalar(contract.zero(known), known)
    return _scalar(_followed(answer, way), known)


def _followed(answer: Any, way: Way) -> Any:
    here = answer
    for hop in way:
        if hop.name:
            here = here.get(hop.name) if isinstance(here, dict) else None
        if hop.index is not None:
            items = here if isinstance(here, list) else []
            here = items[hop.index] if hop.index < len(items) else None
        if here is None:
            index = "" if hop.index is None else f"[{hop.index}]"
            raise LookupError(f"the answer has no {hop.name}{index}")
    return here


def _scalar(value: Any, known: Field | None) -> Scalar:
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError as error:
            raise LookupError("it holds bytes that are no text") from error
    if known is not None and known.kind in ("float", "double") and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, str | int | float):
        raise LookupError("it is no text, number or boolean")
    return value

"""What an answer lacks of the one that is wanted."""

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from samplegen.conformance.asking import NO_ANSWER, Answered
from samplegen.conformance.cases import Case, WantedOutput
from samplegen.conformance.results import Rule
from samplegen.conformance.rows import data
from samplegen.judge.servers.proxy.numbers import packed

_CLOSE = 1e-5
"""How far numbers may differ, of the larger: servers write as many digits as they like."""


@dataclass(frozen=True)
class Expected:
    """What was expected, and is not so."""

    text: str
    rule: Rule


def lacking(case: Case, found: Answered) -> list[Expected]:
    """All that is not as wanted; none: the answer is right."""
    return [*_lacking(case, found)]


def _lacking(case: Case, found: Answered) -> Iterator[Expected]:
    if found.code == NO_ANSWER:
        yield Expected("an answer", "KServe v2")
    elif case.status == "OK":
        if not found.succeeded:
            yield Expected("success", case.rule)
        elif found.undecodable:
            yield Expected(f"an answer that can be read; {found.undecodable}", "KServe v2")
        else:
            yield from _fields(case, found.tree)
            yield from _outputs(case, found.tree)
    elif found.succeeded:
        yield Expected(_error(case), case.rule)
    else:
        if case.transport == "REST" and found.error is None:
            yield Expected('a JSON object with "error"', "KServe v2")
        if case.status != "!OK" and found.code != _code(case):
            yield Expected(_error(case), "OVMS")


def _code(case: Case) -> str:
    status = data()["statuses"][case.status]
    return str(status["http"]) if case.transport == "REST" else str(status["grpc"])


def _error(case: Case) -> str:
    if case.status == "!OK":
        return "an error"
    return f"{_code(case)}: {data()['statuses'][case.status]['text']}"


def _fields(case: Case, tree: Any) -> Iterator[Expected]:
    found = tree if isinstance(tree, dict) else {}
    for name, value in case.fields.items():
        if name not in found or not _same(value, found[name]):
            # What a server calls itself, its versions and platform are its own.
            own = name in ("platform", "versions", "model_version") or case.request_path == "/v2"
            yield Expected(f"{name}: {value}", "OVMS" if own else case.rule)


def _outputs(case: Case, tree: Any) -> Iterator[Expected]:
    outputs = tree.get("outputs") if isinstance(tree, dict) else None
    found = [one for one in outputs if isinstance(one, dict)] if isinstance(outputs, list) else []
    for wanted in case.outputs:
        named = [one for one in found if wanted.name in (None, one.get("name"))]
        if not named:
            yield Expected(f"the output {wanted.name}" if wanted.name else "an output", case.rule)
            continue
        for text in _output(wanted, named[0]):
            yield Expected(f"{text} of the output {named[0].get('name')}", case.rule)


def _output(wanted: WantedOutput, found: dict[str, Any]) -> Iterator[str]:
    datatype, elements = found.get("datatype"), found.get("data")
    given = found.get("shape")
    shape = [_size(size) for size in given] if isinstance(given, list) else []
    if wanted.datatype is not None and datatype != wanted.datatype:
        yield f"the datatype {wanted.datatype}"
    if wanted.shape is not None and not _fits(wanted.shape, shape):
        yield f"the shape {[*wanted.shape]}"
    if not isinstance(elements, list):
        yield "the data"
    elif len(elements) != math.prod(shape):
        yield f"{math.prod(shape)} elements, as its shape says,"
    elif wanted.data is not None and not _same([*wanted.data], elements):
        yield f"the data {[*wanted.data]}"
    elif wanted.raw is not None and packed(str(datatype), elements) != wanted.raw:
        yield f"the bytes {wanted.raw.hex()}"


def _size(size: Any) -> int:
    """GRPC's 64-bit integers are texts as JSON."""
    is_number = isinstance(size, int | str) and re.fullmatch(r"-?[0-9]{1,19}", str(size))
    return int(size) if is_number else -1


def _fits(wanted: Sequence[int], found: Sequence[int]) -> bool:
    return len(wanted) == len(found) and all(
        size in (-1, other) for size, other in zip(wanted, found, strict=True)
    )


def _same(wanted: Any, found: Any) -> bool:
    """Whether values are the same, numbers nearly; of objects those keys that are wanted."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            key in found and _same(value, found[key]) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list) and len(wanted) == len(found) and all(map(_same, wanted, found))
        )
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    if isinstance(wanted, int) and isinstance(found, int):
        return wanted == found
    if isinstance(wanted, int | float) and isinstance(found, int | float):
        with suppress(OverflowError):  # of an integer that no float holds
            return math.isclose(wanted, found, rel_tol=_CLOSE, abs_tol=1e-30)
    return bool(wanted == found)

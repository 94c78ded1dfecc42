"""What can go wrong at the server: texts, codes, causes and ways out, kept in a YAML file."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, StrictInt, StrictStr

from samplegen.yamlfile import load


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An error as a client sees it."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    topic: StrictStr
    """The heading under which it stands."""
    text: StrictStr
    """How the error's text begins, over REST and, unless the code is UNKNOWN, over gRPC."""
    rest: Annotated[StrictInt, Field(ge=400, le=599)] | None = None
    """HTTP status; none if it cannot happen over REST."""
    grpc: StrictStr | None = None
    """gRPC code; none if it cannot happen over gRPC."""
    calls: tuple[StrictStr, ...]
    """The RPCs that may answer with it, REST routes going by the name of their RPC."""
    cause: StrictStr
    mend: StrictStr

    @cached_property
    def anchor(self) -> str:
        words = "".join(c if c.isalnum() else " " for c in self.text.lower()).split()
        return "-".join(words[:8])

    @property
    def codes(self) -> str:
        """Both codes, such as `404 / NOT_FOUND`."""
        return f"{self.rest or '–'} / {self.grpc or '–'}"


@dataclass(frozen=True, kw_only=True)
class Faults:
    """The file as a whole."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    errors: tuple[Fault, ...]


def read(path: Path) -> tuple[Fault, ...]:
    """The errors of a file.

    Raises:
        SamplegenError: With every mistake in it.
    """
    return load(path, Faults).errors


_ALIKE = 0.6
"""How much of a text must be in a message, from 0 to 1."""


def explaining(faults: Iterable[Fault], message: str, most: int = 3) -> tuple[Fault, ...]:
    """The errors that a message may be, best first.

    Args:
        faults: All errors.
        message: What a program printed; what the server adds to a text may be in it.
        most: How many to return.
    """
    asked = " ".join(message.lower().split())
    scores = [(_likeness(fault.text.lower(), asked), fault) for fault in faults]
    found = sorted((s for s in scores if s[0] >= _ALIKE), key=lambda s: s[0], reverse=True)
    return tuple(fault for _, fault in found[:most])


def _likeness(text: str, message: str) -> float:
    """1 and more if the text is in the message, the longer the more; else how much of it is."""
    if not message:
        return 0
    if text in message:
        return 1 + len(text)
    blocks = SequenceMatcher(None, text, message, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks if block.size > 3) / len(text)

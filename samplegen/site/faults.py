"""What can go wrong at the server: texts, codes, causes and ways out, kept in a YAML file."""

from dataclasses import dataclass
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

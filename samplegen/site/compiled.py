"""The theme's templates, compiled once for all builds of `mkdocs serve`: half of its time."""

from dataclasses import dataclass
from types import CodeType
from typing import Any


@dataclass
class Bucket:
    """What a template was compiled to, once it was."""

    code: CodeType | None = None


class Compiled:
    """Keeps compiled templates by their text, as Jinja's `Environment.bytecode_cache`."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str | None, str], Bucket] = {}

    def get_bucket(self, environment: Any, name: str, filename: str | None, source: str) -> Bucket:
        """The place of a template's code, empty at first."""
        return self._buckets.setdefault((name, filename, source), Bucket())

    def set_bucket(self, bucket: Bucket) -> None:
        """The bucket is kept already."""

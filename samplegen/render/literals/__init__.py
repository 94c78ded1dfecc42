"""Values as source text: no value can leave its literal.

Each kind of literal is a module here and a row of `LITERALS`; a language names its row in
`language.yaml`.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module

from samplegen.render.literals.code import Code, LiteralError, Scalar
from samplegen.render.literals.declared import DeclaredLiterals
from samplegen.render.literals.json import JSON
from samplegen.render.literals.writing import Literals

__all__ = [
    "JSON",
    "LITERALS",
    "Code",
    "DeclaredLiterals",
    "LiteralError",
    "Literals",
    "Scalar",
]

_MODULES = {"python": "python", "shell": "shell", "go": "go", "java": "java", "c++": "cpp"}
"""Kind to its module, which has it under its own name in capitals."""


class _Kinds(Mapping[str, Literals]):
    """Imports a kind when it is asked for: a program is in one language."""

    def __getitem__(self, name: str) -> Literals:
        module = _MODULES[name]
        found = import_module(f"samplegen.render.literals.{module}")
        kind: Literals = getattr(found, module.upper())
        return kind

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


LITERALS = _Kinds()
"""The kinds of literal that a `language.yaml` may name."""

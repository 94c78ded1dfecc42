"""Values as source text: no value can leave its literal.

Each kind of literal is a module here and a row of `LITERALS`; a language names its row in
`language.yaml`.
"""

from samplegen.literals.code import Code, LiteralError, Scalar
from samplegen.literals.cpp import CPP
from samplegen.literals.declared import DeclaredLiterals
from samplegen.literals.go import GO
from samplegen.literals.java import JAVA
from samplegen.literals.json import JSON
from samplegen.literals.python import PYTHON
from samplegen.literals.shell import SHELL, octal
from samplegen.literals.writing import Literals

__all__ = [
    "JSON",
    "LITERALS",
    "Code",
    "DeclaredLiterals",
    "LiteralError",
    "Literals",
    "Scalar",
    "octal",
]

LITERALS = {"python": PYTHON, "shell": SHELL, "go": GO, "java": JAVA, "c++": CPP}
"""The kinds of literal that a `language.yaml` may name."""

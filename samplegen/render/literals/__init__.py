"""Values as source text: no value can leave its literal.

Each kind of literal is a module here and a row of `LITERALS`; a language names its row in
`language.yaml`.
"""

from samplegen.render.literals.code import Code, LiteralError, Scalar
from samplegen.render.literals.cpp import CPP
from samplegen.render.literals.declared import DeclaredLiterals
from samplegen.render.literals.go import GO
from samplegen.render.literals.java import JAVA
from samplegen.render.literals.json import JSON
from samplegen.render.literals.python import PYTHON
from samplegen.render.literals.shell import SHELL, octal
from samplegen.render.literals.writing import Literals

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

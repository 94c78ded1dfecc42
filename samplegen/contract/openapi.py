"""OpenAPI files, 2.0, 3.0 or 3.1, in YAML or JSON: read and validated."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from samplegen import yamlfile
from samplegen.contract.model import Contract
from samplegen.contract.schemas import Reader
from samplegen.errors import Problem, SamplegenError
from samplegen.resources import shown
from samplegen.yamlfile import Document, Location

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

INSTALL = "pip install 'samplegen[contract]'"
_LONGEST = 200
"""Characters of a validator's message, which may repeat a whole schema."""


def read(path: Path) -> Contract:
    """The contract in an OpenAPI file.

    Raises:
        SamplegenError: It has mistakes, or nothing here can read it; with each mistake.
    """
    document = yamlfile.read(path)
    _validate(document)
    try:
        return Reader(document).contract()
    except SamplegenError:
        raise
    except Exception as error:  # nobody validates whole files that it refers to
        raise _unreadable(document, error) from error


def files(path: Path) -> tuple[Path, ...]:
    """An OpenAPI file, and those that it refers to."""
    _, documents = _references(yamlfile.read(path))
    return tuple(documents)


def _validate(document: Document) -> None:
    """Raises SamplegenError with each mistake of the document."""
    try:
        from openapi_spec_validator import (
            OpenAPIV2SpecValidator,
            OpenAPIV30SpecValidator,
            OpenAPIV31SpecValidator,
        )
    except ImportError as error:
        message = f"openapi-spec-validator is missing, which reads OpenAPI; type: {INSTALL}"
        raise SamplegenError(message) from error
    values = document.values if isinstance(document.values, dict) else {}
    key = "swagger" if "swagger" in values else "openapi"
    known = {"2.0": OpenAPIV2SpecValidator, "3.0": OpenAPIV30SpecValidator,
             "3.1": OpenAPIV31SpecValidator}  # fmt: skip
    version = str(values.get(key, ""))
    validator = known.get(".".join(version.split(".")[:2]))
    if validator is None or (key == "swagger") != (version == "2.0"):
        message = f"found {version!r}; expected 'swagger: \"2.0\"', or 'openapi' 3.0 or 3.1"
        raise SamplegenError(document.problem((key,), message))
    problems, _ = _references(document)
    if problems:
        raise SamplegenError(*problems)
    try:
        found = [*validator(values, base_uri=document.path.absolute().as_uri()).iter_errors()]
    except RecursionError as error:
        message = "it holds references that lead to each other, and to nothing else"
        raise SamplegenError(document.problem((), message)) from error
    except Exception as error:  # libraries below it have many, for values of a wrong type
        raise _unreadable(document, error) from error
    if mistakes := dict.fromkeys(_problem(document, one) for one in found):
        raise SamplegenError(*mistakes)


def _unreadable(document: Document, error: Exception) -> SamplegenError:
    what = f"{type(error).__name__}: {_short(error)}"
    message = f"it, or a file that it refers to, is not OpenAPI: {what}"
    return SamplegenError(document.problem((), message))


def _problem(document: Document, error: "ValidationError") -> Problem:
    """What a validator found; of alternatives, what is wrong about the one that fits best."""
    while error.context:
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    return document.problem(tuple(error.absolute_path), _short(error.message))


def _short(error: object) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _references(document: Document) -> tuple[list[Problem], dict[Path, Document]]:
    """References that lead out of the machine, or nowhere; and all files that are referred to.

    Raises:
        SamplegenError: A file that is referred to cannot be read.
    """
    documents = {_normal(document.path): document}
    found = []
    pending: list[tuple[Document, Any, Location]] = [(document, document.values, ())]
    for source, here, place in pending:  # which grows on the way
        items = here.items() if isinstance(here, dict) else enumerate(here)
        for key, item in items:
            if isinstance(item, dict | list):
                pending.append((source, item, (*place, key)))
            if key != "$ref" or not isinstance(item, str):
                continue
            if urlsplit(item).scheme:
                message = f"found {item!r}; expected a file beside this one"
                found.append(source.problem((*place, key), message))
                continue
            name, _, pointer = item.partition("#")
            path = (source.path.absolute().parent / unquote(name)) if name else source.path
            path = _normal(path)
            if not path.is_file():
                message = f"found {item!r}; there is no such file"
                found.append(source.problem((*place, key), message))
                continue
            if path not in documents:
                target = documents[path] = yamlfile.read(path)
                if isinstance(target.values, dict | list):
                    pending.append((target, target.values, ()))
            if not _leads(documents[path].values, pointer):
                where = f"{shown(path)}" if name else "this file"
                message = f"found {item!r}, which is not in {where}"
                found.append(source.problem((*place, key), message))
    return found, documents


def _normal(path: Path) -> Path:
    return Path(os.path.normpath(path.absolute()))


def _leads(tree: Any, pointer: str) -> bool:
    """Whether a pointer within a document leads somewhere; see RFC 6901."""
    for part in filter(None, pointer.split("/")):
        name = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(tree, list) and name.isdecimal() and int(name) < len(tree):
            tree = tree[int(name)]
        elif isinstance(tree, dict) and name in tree:
            tree = tree[name]
        else:
            return False
    return True

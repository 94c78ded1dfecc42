"""An overlay that adds samples to an OpenAPI file: OpenAPI Overlay Specification 1.0."""

from collections.abc import Iterator
from typing import Any

import yaml

from samplegen import yamlfile
from samplegen.catalogue import Catalogue, Cell
from samplegen.errors import SamplegenError

EXTENSION = "x-codeSamples"
"""Where Redocly, Scalar and Mintlify look for samples."""


def document(catalogue: Catalogue) -> dict[str, Any]:
    """The overlay, with an action for each route that an operation calls.

    Raises:
        SamplegenError: There is none, or a sample cannot be rendered.
    """
    api = catalogue.spec.api
    actions = [
        action
        for (verb, path), cells in _by_route(catalogue).items()
        for action in _actions(catalogue, verb, path, cells)
    ]
    if not actions:
        message = "no operation has a route of REST, or no client speaks REST"
        raise SamplegenError(f"there is nothing to overlay: {message}")
    info = {"title": f"Code samples of {api.title}", "version": api.rest.version}
    return {"overlay": "1.0.0", "info": info, "actions": actions}


def _by_route(catalogue: Catalogue) -> dict[tuple[str, str], list[Cell]]:
    """By method and path, the samples of the operation that does the least besides."""
    found: dict[tuple[str, str], list[Cell]] = {}
    for cell in catalogue.cells:
        if cell.client.transport != "rest" or catalogue.state(cell) != "ready":
            continue
        for call in (call for call in cell.operation.calls if call.rest is not None):
            known = found.setdefault((call.method.lower(), call.path), [])
            if known and len(cell.operation.calls) < len(known[0].operation.calls):
                known.clear()
            if not known or known[0].operation.name == cell.operation.name:
                known.append(cell)
    return found


def _actions(
    catalogue: Catalogue, verb: str, route: str, cells: list[Cell]
) -> Iterator[dict[str, Any]]:
    """What is done to the operation of a route; samples that it has are replaced."""
    path = route.removeprefix(catalogue.spec.contract.base_path)
    target = f"$.paths[{_quoted(path)}].{verb}"
    if _has_samples(catalogue, path, verb):
        yield {"target": f"{target}[{_quoted(EXTENSION)}]", "remove": True}
    languages: dict[str, dict[str, str]] = {}
    for cell in cells:
        language = cell.client.language
        name = "Shell" if language.lexer == "sh" else language.title
        if name not in languages:
            text = catalogue.render(cell).text
            languages[name] = {"lang": name, "label": cell.client.title, "source": text}
    yield {"target": target, "update": {EXTENSION: [*languages.values()]}}


def _has_samples(catalogue: Catalogue, path: str, verb: str) -> bool:
    """Whether the API's OpenAPI file has samples at a route."""
    api = catalogue.spec.api
    file = api.openapi and catalogue.spec.layers.find(api.openapi)
    if not file:
        return False
    values = yamlfile.read(file).values
    return EXTENSION in values.get("paths", {}).get(path, {}).get(verb, {})


def _quoted(name: str) -> str:
    """A name in a JSONPath; RFC 9535, section 2.3.1."""
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


class _Dumper(yaml.SafeDumper):
    """Writes programs as they look."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def as_yaml(overlay: dict[str, Any]) -> str:
    """An overlay as YAML."""
    text: str = yaml.dump(overlay, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
    return text

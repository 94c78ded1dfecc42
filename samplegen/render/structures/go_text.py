"""Values in Go, over both transports."""

from collections.abc import Mapping
from typing import Any

from samplegen.contract.model import Kind
from samplegen.contract.values import Joined
from samplegen.render.literals.go import GO
from samplegen.render.structures.go_names import local


def literal(content: Any) -> str:
    """A scalar."""
    if not isinstance(content, bytes):
        return GO.value(content)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return GO.bytes(content)
    return f"[]byte({GO.quote(text)})"


def joined(content: Joined, kind: Kind, formats: Mapping[Kind, str]) -> str:
    """A text with saved values in it; `formats` has those of their kinds that are not `%s`."""
    template = "".join(
        part.replace("%", "%%") if isinstance(part, str) else formats.get(part.kind, "%s")
        for part in content.parts
    )
    saved = [local(part.name) for part in content.parts if not isinstance(part, str)]
    text = f"fmt.Sprintf({', '.join((GO.quote(template), *saved))})"
    if not saved:
        text = GO.quote("".join(map(str, content.parts)))
    return f"[]byte({text})" if kind == "bytes" else text

"""Pages that nobody has to write: one for each operation of the spec."""

from typing import Any

from samplegen.site.views import OPERATIONS
from samplegen.spec import Operation

ALL = f"{OPERATIONS}/*"
"""Stands in `nav` for the pages of all operations."""


def operation_page(operation: Operation) -> str:
    """The page of an operation, for which nobody has written one by hand."""
    name = operation.name
    parts = [
        f"---\ndescription: >-\n  {' '.join(operation.summary.split())}\nhide: [toc]\n---",
        f"# {operation.title}",
        operation.summary,
        operation.description.strip(),
        f"::: samplegen {name}",
        "## Install the package",
        f"::: samplegen-install {name}",
        "## RPC and REST route",
        f"::: samplegen-calls {name}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def with_operations(nav: Any, names: list[str]) -> Any:
    """The navigation with `operations/*` replaced by the operations' pages."""
    if isinstance(nav, list):
        expanded: list[Any] = []
        for item in nav:
            if item == ALL:
                expanded += [f"{OPERATIONS}/{name}.md" for name in names]
            else:
                expanded.append(with_operations(item, names))
        return expanded
    if isinstance(nav, dict):
        return {title: with_operations(value, names) for title, value in nav.items()}
    return nav

"""Pages that nobody has to write: one for each operation of the spec."""

from collections.abc import Sequence
from typing import Any

from samplegen.site.views import OPERATIONS
from samplegen.spec.operation import Operation

ALL = f"{OPERATIONS}/*"
"""Stands in `nav` for the pages of all operations."""

LONGEST = 40
"""Operations that the navigation lists without sections."""


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


def with_operations(nav: Any, operations: Sequence[Operation]) -> Any:
    """The navigation with `operations/*` replaced by the operations' pages."""
    if isinstance(nav, list):
        expanded: list[Any] = []
        for item in nav:
            expanded += _listed(operations) if item == ALL else [with_operations(item, operations)]
        return expanded
    if isinstance(nav, dict):
        return {title: with_operations(value, operations) for title, value in nav.items()}
    return nav


def _listed(operations: Sequence[Operation]) -> list[Any]:
    """The pages of the operations; where a plain list is too long, in a section for each form.

    Every page holds the whole section that it is in, so sections have an end, too.
    """
    if len(operations) <= LONGEST:
        return [_file(operation) for operation in operations]
    forms: dict[str, list[str]] = {}
    for operation in operations:
        forms.setdefault(operation.form, []).append(_file(operation))
    return [
        {
            f"{form} {start // LONGEST + 1}" if len(files) > LONGEST else form: files[start:][
                :LONGEST
            ]
        }
        for form, files in forms.items()
        for start in range(0, len(files), LONGEST)
    ]


def _file(operation: Operation) -> str:
    return f"{OPERATIONS}/{operation.name}.md"

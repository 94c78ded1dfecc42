"""What the command line and pytest select: cells, clients, the folders of samples and cache."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from samplegen.catalogue import Catalogue, Cell
from samplegen.errors import Problem, UsageError, gather, nearest
from samplegen.files import INDEX
from samplegen.settings import Settings, settings


def cell(catalogue: Catalogue, operation: str, client: str) -> Cell:
    """The cell of these names.

    Raises:
        UsageError: No such operation or client, or neither.
        SamplegenError: Their files have mistakes.
    """
    problems: list[Problem] = []
    found: list[Any] = []
    for find, name in (
        (catalogue.spec.operation, operation),
        (catalogue.clients.client, client),
    ):
        try:
            found.append(find(name))
        except UsageError as error:
            problems.extend(error.problems)
    if problems:
        raise UsageError(*problems)
    return Cell(*found)


def selected_cells(
    catalogue: Catalogue, operations: Sequence[str], clients: Sequence[str]
) -> tuple[Cell, ...]:
    """The cells of the matrix that the command line asks for."""
    _check_operations(catalogue, operations)
    wanted = matching_clients(catalogue, clients or ("all",), "--client")
    return tuple(
        cell
        for cell in catalogue.cells
        if cell.client.name in wanted and (not operations or cell.operation.name in operations)
    )


def _check_operations(catalogue: Catalogue, names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in catalogue.spec.names]
    if unknown:
        raise UsageError(
            *(f"no operation {name!r}; {nearest(name, catalogue.spec.names)}" for name in unknown)
        )


def named_cells(
    catalogue: Catalogue, operations: Sequence[str], clients: Sequence[str]
) -> tuple[Cell, ...]:
    """The same, without the files of operations that are not named."""
    if not operations:
        return selected_cells(catalogue, operations, clients)
    _check_operations(catalogue, operations)
    wanted = matching_clients(catalogue, clients or ("all",), "--client")
    found = gather(partial(catalogue.spec.operation, name) for name in operations)
    named = [client for client in catalogue.clients.all() if client.name in wanted]
    return tuple(Cell(operation, client) for operation in found for client in named)


def matching_clients(catalogue: Catalogue, wanted: Sequence[str], option: str) -> frozenset[str]:
    """The clients that the given names stand for."""
    return matching(catalogue.clients.names, wanted, option)


def matching(names: Sequence[str], wanted: Sequence[str], option: str) -> frozenset[str]:
    """Those of the clients `names` that the given names stand for."""
    groups: dict[str, list[str]] = {"all": list(names)}
    for name in names:
        groups[name] = [name]
        groups.setdefault(name.partition("/")[0], []).append(name)
    unknown = [name for name in wanted if name not in groups]
    if unknown:
        raise UsageError(
            *(f"{option}: no client {name!r}; {nearest(name, groups)}" for name in unknown)
        )
    return frozenset(name for group in wanted for name in groups[group])


def default_cache() -> Path:
    """Where what samples are built with is kept, if nobody says otherwise."""
    base = os.environ.get("XDG_CACHE_HOME")
    return Path(base or Path.home() / ".cache") / "samplegen"


def samples_folder(samples: Path | None, kept: Settings | None = None) -> Path | None:
    """The folder of the published samples; None where there is none by default.

    Args:
        samples: The one that was asked for.
        kept: Says which it is by default; those of the current folder, if None.
    """
    if samples is not None:
        if not (samples / INDEX).is_file():
            raise UsageError(f"--samples: {samples} holds no {INDEX}; name a generated folder")
        return samples
    own = (kept or settings()).samples
    return own if (own / INDEX).is_file() else None

"""A whole project around a sample, ready to build without samplegen."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from samplegen.catalogue import Catalogue, Cell
from samplegen.connection.model import Connection
from samplegen.errors import SamplegenError
from samplegen.files import write_file
from samplegen.render.clients import Project
from samplegen.render.view import view
from samplegen.resources import shown

README = "README.md"
"""The file that says what to type; its template is at the top of the template folders."""


def project_files(
    catalogue: Catalogue, cell: Cell, data: Mapping[str, bytes], connection: Connection
) -> dict[str, bytes]:
    """The project of a cell: path in its folder to content.

    Args:
        catalogue: Knows the templates and the project files of the client.
        cell: Its operation may come from anywhere; it need not be one of the catalogue's.
        data: Name to content of the files that the operation sends.
        connection: The server that the program talks to.

    Raises:
        SamplegenError: The client does not support the operation, or cannot be exported.
    """
    if cell.omitted is not None:
        raise SamplegenError(f"{cell.name}: {cell.omitted}")
    project = cell.client.language.project
    if project is None:
        language = cell.client.name.partition("/")[0]
        message = "has no 'project', so nothing can be exported; add it"
        raise SamplegenError(f"templates/{language}/language.yaml {message}")
    program = catalogue.render(cell, connection).text
    found = {name: path.read_bytes() for name, path in catalogue.project(cell.client).items()}
    found |= data
    found[_filled(project.source, cell)] = program.encode()
    found[README] = _readme(catalogue, cell, project, connection).encode()
    if ignored := [*project.ignore, *_key(connection)]:
        found[".gitignore"] = "".join(f"{line}\n" for line in ignored).encode()
    return dict(sorted(found.items()))


def write_project(project: Mapping[str, bytes], folder: Path, force: bool) -> None:
    """Writes a project into a folder, which may hold other files.

    A new folder appears as a whole; in one that is there, each file is replaced as a whole.

    Args:
        project: Path in the folder to content.
        folder: Made if it is not there.
        force: Whether files that are there may be replaced.

    Raises:
        SamplegenError: A file is there already, or something cannot be written.
    """
    taken = [name for name in project if (folder / name).exists() or (folder / name).is_symlink()]
    if taken and not force:
        rest = f" and {len(taken) - 1} more" if taken[1:] else ""
        message = f"{shown(folder / taken[0])}{rest}: already there; name another folder"
        raise SamplegenError(f"{message}, or replace with --force")
    if folder.exists():
        for name, content in project.items():
            write_file(folder / name, content)
        return
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as name:
            made = Path(name) / "project"
            for relative, content in project.items():
                write_file(made / relative, content)
            made.rename(folder)
    except OSError as error:
        raise SamplegenError(f"{shown(folder)}: cannot be written: {error.strerror}") from error


def _key(connection: Connection) -> Iterator[str]:
    """What keeps the client's key out of git, if it lies in the project; gitignore(5)."""
    key = connection.tls and connection.tls.key
    if key and not Path(key).is_absolute() and key.isprintable() and ".." not in Path(key).parts:
        yield "/" + re.sub(r"[\\*?\[ ]", r"\\\g<0>", Path(key).as_posix())


def _readme(catalogue: Catalogue, cell: Cell, project: Project, connection: Connection) -> str:
    client = cell.client
    needed = [r for r in client.requirements if not r.gates and not r.in_project]
    context = {
        **view(catalogue.spec.api, cell.operation, connection).context,
        "client": client,
        "proto": ", ".join(catalogue.spec.api.proto) if client.stubs else "",
        "requires": needed,
        "source": _filled(project.source, cell),
        "build": _filled(project.build, cell),
        "run": _filled(project.run, cell),
    }
    return catalogue.renderer.document(f"{README}.jinja", context)


def _filled(line: str, cell: Cell) -> str:
    return line.format(operation=cell.operation.name)

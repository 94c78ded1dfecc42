"""The contract that a reader names: what it says, and the files that make it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from samplegen.contract.model import Contract
from samplegen.errors import Problem, SamplegenError
from samplegen.resources import shown

FOLDER = "contract"
"""Below the spec: holds the files as they are given."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """A contract with its files."""

    contract: Contract
    files: dict[str, Path]
    """By their paths below `FOLDER`."""
    proto: tuple[str, ...] = ()
    """Of protos, the named ones, as imports name them."""
    openapi: str = ""
    """The path of an OpenAPI file below `FOLDER`."""

    @property
    def speaks_grpc(self) -> bool:
        return bool(self.proto)


def of_openapi(path: Path) -> Given:
    """The contract in an OpenAPI file, with all files that it refers to.

    Raises:
        SamplegenError: It has mistakes, or nothing here can read it.
    """
    from samplegen.contract import openapi

    contract = openapi.read(path)
    found = openapi.files(path)
    top = Path(os.path.commonpath([file.parent for file in found]))
    files = {file.relative_to(top).as_posix(): file for file in found}
    return Given(contract=contract, files=files, openapi=next(iter(files)))


def of_protos(paths: Sequence[Path], folders: Sequence[Path]) -> Given:
    """The contract in protos, with what they import out of `folders`.

    Args:
        paths: The protos with the services.
        folders: Where imports are looked for; the folder of a proto that is in none of them is one
            more.

    Raises:
        SamplegenError: They have mistakes, or nothing here can read them.
    """
    from samplegen.contract import protos

    missing = [
        *(Problem("no such file; expected a proto", path) for path in paths if not path.is_file()),
        *(Problem("no such folder; name an existing one", f) for f in folders if not f.is_dir()),
    ]
    if missing:
        raise SamplegenError(*missing)
    roots = [folder.resolve() for folder in folders]
    names = []
    for path in (path.resolve() for path in paths):
        if not any(path.is_relative_to(root) for root in roots):
            roots.append(path.parent)
        root = next(root for root in roots if path.is_relative_to(root))
        names.append(path.relative_to(root).as_posix())
    contract = protos.read(tuple(roots), tuple(names))
    files = {
        name: root / name
        for name in contract.files
        for root in reversed(roots)
        if (root / name).is_file()
    }
    if not contract.methods:
        raise SamplegenError(
            *(Problem("found no service; name a proto that has one", shown(p)) for p in paths)
        )
    return Given(contract=contract, files=files, proto=tuple(names))

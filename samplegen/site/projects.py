"""A whole project around each sample, as `samplegen export` makes it, to download from a page."""

import io
import zipfile

from samplegen.project import project_files
from samplegen.site.book import Book, Sample

PROJECTS = "projects"
"""The folder of the site that holds them."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that an archive can name: the same files make the same bytes."""
_MODE = 0o100644 << 16


def archive(sample: Sample) -> str:
    """The name of a sample's project, without a folder."""
    return f"{folder(sample)}.zip"


def folder(sample: Sample) -> str:
    """The folder that the archive holds."""
    return f"{sample.operation.name}-{sample.client.name.replace('/', '-')}"


def has_project(sample: Sample) -> bool:
    """Whether its language says how a project is built."""
    return sample.client.language.project is not None


def packed(book: Book, sample: Sample) -> bytes:
    """The archive.

    Raises:
        SamplegenError: A file is missing, or the template of the README has a mistake.
    """
    data = {name: book.catalogue.spec.data(name).read_bytes() for name in sample.operation.files}
    files = project_files(book.catalogue, sample.cell, data, book.api.connection)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            entry = zipfile.ZipInfo(f"{folder(sample)}/{name}", _EPOCH)
            entry.external_attr = _MODE
            entry.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(entry, content)
    return buffer.getvalue()


def commands(sample: Sample, start: str) -> list[str]:
    """What a reader types once the archive is there: start a server, unpack, build, run.

    Args:
        sample: The program.
        start: What starts a server that the program can call; empty: the reader has one.
    """
    project = sample.client.language.project
    if project is None:
        return []
    name = sample.operation.name
    return [
        *([f"{start}   # in a second terminal: a server to call"] if start else []),
        f"unzip {archive(sample)} && cd {folder(sample)}",
        *project.build.format(operation=name).strip().splitlines(),
        project.run.format(operation=name),
    ]

"""A project's own OpenAPI file, published as it is given, with the samples."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from openapi_spec_validator import validate

from samplegen.catalogue import Catalogue
from samplegen.errors import SamplegenError
from samplegen.overlay import EXTENSION
from samplegen.site import given
from samplegen.site.book import Book
from tests.conftest import ROOT

NOTES = ROOT / "tests" / "notes"
ROUTES = {("/notes", "post"), ("/notes/{name}", "get"), ("/notes/{name}", "delete")}
COMMENT = "# What is kept.\n"


def project(folder: Path, name: str, text: str) -> tuple[Book, Path]:
    """A spec whose OpenAPI file has this text."""
    spec = folder / "spec"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(NOTES, spec, ignore=ignored, dirs_exist_ok=True)
    (spec / "contract/notes.yaml").unlink()
    file = spec / "contract" / name
    file.write_text(text, encoding="utf-8")
    api = (spec / "api.yaml").read_text()
    (spec / "api.yaml").write_text(api.replace("contract/notes.yaml", f"contract/{name}"))
    return Book(Catalogue([spec]), ()), file


def as_flow(text: str) -> str:
    return str(yaml.safe_dump(yaml.safe_load(text), default_flow_style=True, sort_keys=False))


TEXT = (NOTES / "contract/notes.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("notes.yaml", COMMENT + TEXT),
        ("notes.yml", as_flow(TEXT)),
        ("notes.json", json.dumps(yaml.safe_load(TEXT))),
        ("notes.json", json.dumps(yaml.safe_load(TEXT), indent=4)),
    ],
)
def test_nothing_but_samples_is_added(name: str, text: str, tmp_path: Path) -> None:
    book, file = project(tmp_path, name, text)
    ((published, made),) = given.files(book, file).items()
    assert published == ("openapi.json" if name.endswith("json") else "openapi.yaml")
    values = json.loads(made) if name.endswith("json") else yaml.safe_load(made)
    validate(values)
    for path, verb in ROUTES:
        samples = values["paths"][path][verb].pop(EXTENSION)
        langs = [sample["lang"] for sample in samples]
        assert len(langs) == len({*langs}) >= 5
        assert {"Python", "Go", "Java", "C++", "Shell"} <= {*langs}
    assert values == yaml.safe_load(text)
    assert made.startswith(COMMENT) == text.startswith(COMMENT)
    # What is left of the text, letter by letter, is the file as it was given.
    left = iter(made)
    assert all(letter in left for letter in text)


def test_programs_stand_there_as_they_are(tmp_path: Path) -> None:
    book, file = project(tmp_path, "notes.yaml", TEXT)
    made = yaml.safe_load(given.files(book, file)["openapi.yaml"])
    sources = [one["source"] for one in made["paths"]["/notes"]["post"][EXTENSION]]
    programs = [s.rendered.text for s in book.samples.values() if s.operation.name != "remove"]
    assert sorted(sources) == sorted(programs)


def test_own_samples_are_kept(tmp_path: Path) -> None:
    own = f"      operationId: removeNote\n      {EXTENSION}: [{{lang: R, source: x}}]\n"
    text = TEXT.replace("      operationId: removeNote\n", own)
    book, file = project(tmp_path, "notes.yaml", text)
    made = yaml.safe_load(given.files(book, file)["openapi.yaml"])
    found = made["paths"]["/notes/{name}"]["delete"][EXTENSION]
    assert found == [{"lang": "R", "source": "x"}]


def test_files_that_it_refers_to_are_published_beside_it(tmp_path: Path) -> None:
    schema = yaml.safe_load(TEXT)["components"]["schemas"]["Note"]
    text = TEXT.replace('"#/components/schemas/Note"', "parts/note.yaml")
    (tmp_path / "spec/contract/parts").mkdir(parents=True)
    (tmp_path / "spec/contract/parts/note.yaml").write_text(yaml.safe_dump(schema))
    book, file = project(tmp_path, "notes.yaml", text)
    assert [*given.files(book, file)] == ["openapi.yaml", "parts/note.yaml"]
    elsewhere = tmp_path / "note.yaml"
    elsewhere.write_text(yaml.safe_dump(schema))
    file.write_text(text.replace("parts/note.yaml", "../../note.yaml"))
    with pytest.raises(SamplegenError, match="which the site cannot publish; move it below"):
        given.files(Book(Catalogue([tmp_path / "spec"]), ()), file)

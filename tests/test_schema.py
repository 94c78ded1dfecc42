"""The JSON Schemas for editors are fresh, and agree with the validation that samplegen does."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from samplegen.files import drift
from samplegen.schema import schemas
from samplegen.yamlfile import read
from tests.conftest import ROOT

FILES = [
    *[(path, "operation.json") for path in (ROOT / "spec").glob("*.yaml") if path.stem != "api"],
    (ROOT / "spec/api.yaml", "api.json"),
    *[(path, "language.json") for path in (ROOT / "templates").glob("*/language.yaml")],
    *[(path, "client.json") for path in (ROOT / "templates").glob("*/*/client.yaml")],
]


def test_committed_schemas_are_fresh() -> None:
    assert list(drift(schemas(), ROOT / "spec/schema")) == []


@pytest.mark.parametrize(("path", "schema"), FILES, ids=lambda value: Path(value).name)
def test_every_file_is_valid_and_names_its_schema(path: Path, schema: str) -> None:
    Draft202012Validator(json.loads(schemas()[schema])).validate(read(path).values)
    first = path.read_text().splitlines()[0]
    named = path.parent / first.removeprefix("# yaml-language-server: $schema=")
    assert named.resolve() == ROOT / "spec/schema" / schema


@pytest.mark.parametrize("folder", ["samplegen/starter", "examples/inventory"])
def test_settings_of_projects_are_valid(folder: str) -> None:
    validator = Draft202012Validator(json.loads(schemas()["settings.json"]))
    values = read(ROOT / folder / "samplegen.yaml").values
    validator.validate(values)
    assert not validator.is_valid({**values, "specs": ["spec"]})
    assert not validator.is_valid({**values, "spec": "spec"})


def test_a_misspelt_key_is_invalid() -> None:
    validator = Draft202012Validator(json.loads(schemas()["operation.json"]))
    values = read(ROOT / "spec/health.yaml").values
    assert validator.is_valid(values)
    assert not validator.is_valid({**values, "expects": []})


def test_every_key_is_described_or_speaks_for_itself() -> None:
    operation = json.loads(schemas()["operation.json"])
    assert operation["properties"]["form"]["description"].startswith("Names the template")

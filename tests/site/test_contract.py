"""What pages and the OpenAPI document show of a contract that KServe's is unlike."""

import json
import shutil
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from samplegen.catalogue import Catalogue
from samplegen.errors import SamplegenError
from samplegen.site import openapi
from samplegen.site.book import Book
from samplegen.site.plain import Plain
from tests.conftest import ROOT

pytestmark = pytest.mark.processes  # protoc

MORE = """
enum Colour { GREY = 0; RED = 1; };
message Box {
  repeated Box boxes = 1;  // those in it
  map<string, Box> named = 2;
  oneof size { int64 litres = 3; Colour colour = 4; }
}
"""


def book(folder: Path, more: str = MORE) -> Book:
    """That of the inventory, whose items are in boxes."""
    example = ROOT / "examples" / "inventory"
    for name in ("spec", "templates"):
        shutil.copytree(example / name, folder / name)
    proto = folder / "spec" / "inventory.proto"
    text = proto.read_text(encoding="utf-8").replace(
        "message Item {", "message Item { Box box = 99;"
    )
    proto.write_text(text + more, encoding="utf-8")
    return Book(Catalogue([folder / "spec"], [folder / "templates"]), (), (), None)


def test_a_message_that_holds_itself_is_opened_once(tmp_path: Path) -> None:
    text = Plain(book(tmp_path), "", tabs=False).details(("GetItem",))
    assert "| `box.boxes` | `repeated Box` | `box.boxes` | those in it |" in text
    assert "| `box.named` | `map<string, Box>` |" in text
    assert "`box.boxes[].boxes`" not in text


def test_the_openapi_document_of_any_contract_is_valid(tmp_path: Path) -> None:
    document = json.loads(openapi.document(book(tmp_path), "https://example.org/"))
    validate(document)
    schemas = document["components"]["schemas"]
    assert schemas["Box"]["properties"]["colour"] == {"type": "string", "enum": ["GREY", "RED"]}
    assert schemas["Box"]["required"] == ["boxes", "named"]


def test_a_mistake_in_the_contract_is_reported_at_its_line(tmp_path: Path) -> None:
    with pytest.raises(SamplegenError, match=r"inventory\.proto:\d+:\d+: \"Bx\" is not defined"):
        book(tmp_path, MORE.replace("repeated Box", "repeated Bx"))

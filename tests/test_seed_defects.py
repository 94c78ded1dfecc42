"""No defect of the page that samplegen replaces can come back unseen; see seed_defects.yaml."""

import re
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Annotated, ClassVar

import pytest
from pydantic import ConfigDict, Field, StrictStr

from samplegen.catalogue import Catalogue, Cell
from samplegen.yamlfile import load
from tests.conftest import ROOT, missing
from tests.mutants.planting import LANGUAGES, STATIC_DATA, mutants, rows
from tests.mutants.suite import STATIC, Judged, judged

CATALOGUE = Catalogue()
SAMPLES = [
    (cell, (ROOT / "site/samples" / cell.client.sample(cell.operation)).read_text())
    for cell in CATALOGUE.cells
    if cell.omitted is None
]
_FORBID = ConfigDict(extra="forbid")


@dataclass(frozen=True, kw_only=True)
class Never:
    """What no sample of a language may say."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    language: StrictStr
    pattern: StrictStr
    example: StrictStr


@dataclass(frozen=True, kw_only=True)
class Defect:
    """A line of the table."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    id: Annotated[StrictStr, Field(pattern="^[PIHSMEN][1-9][0-9]?$")]
    defect: StrictStr
    mutants: tuple[StrictStr, ...] = ()
    static: tuple[StrictStr, ...] = ()
    never: Never | None = None
    test: StrictStr = ""
    unseen: StrictStr = ""


DEFECTS = load(Path(__file__).with_name("seed_defects.yaml"), tuple[Defect, ...])


def samples(language: str) -> list[tuple[Cell, str]]:
    """The published samples of a language."""
    return [item for item in SAMPLES if item[0].client.name.startswith(f"{language}/")]


# The table


def test_ids_are_in_order_and_unique() -> None:
    for letter, group in groupby(DEFECTS, key=lambda defect: defect.id[0]):
        numbers = [int(defect.id[1:]) for defect in group]
        assert numbers == list(range(1, len(numbers) + 1)), letter
    assert [letter for letter, _ in groupby(DEFECTS, key=lambda d: d.id[0])] == list("PIHSMEN")


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.id)
def test_each_defect_is_caught_or_says_why_it_cannot_be(defect: Defect) -> None:
    caught = (*defect.mutants, *defect.static, defect.never, defect.test)
    assert any(caught) != bool(defect.unseen)
    for names, folder in ((defect.mutants, STATIC_DATA.parent), (defect.static, STATIC_DATA)):
        known = {f"{lang}/{row.name}" for lang in LANGUAGES for row in rows(lang, folder)}
        assert known.issuperset(names), set(names) - known
    assert not defect.test or callable(globals().get(defect.test)), defect.test


NEVER = [defect for defect in DEFECTS if defect.never]


@pytest.mark.parametrize("defect", NEVER, ids=lambda defect: defect.id)
def test_no_sample_says_what_it_never_may(defect: Defect) -> None:
    assert defect.never is not None
    assert re.search(defect.never.pattern, defect.never.example)
    published = samples(defect.never.language)
    assert published
    for cell, text in published:
        assert not re.search(defect.never.pattern, text), cell.name


# What formatters, linters and compilers see


@pytest.fixture(scope="module")
def static() -> list[Judged]:
    """The faults that are seen before a sample runs, judged in one run."""
    return judged(list(mutants(folder=STATIC_DATA)))


@pytest.mark.processes
@pytest.mark.timeout(400)
@pytest.mark.parametrize("language", LANGUAGES)
def test_static_faults_are_seen_before_a_sample_runs(language: str, static: list[Judged]) -> None:
    found = [one for one in static if one.planted.language == language]
    skipped = {one.verdict.reason for one in found if one.verdict.status == "skipped"}
    if skipped:
        missing("; ".join(sorted(skipped)))
    assert found
    for one in found:
        assert one.verdict.gate in STATIC, one
        assert one.caught, f"{one.planted.client}: {one.verdict.reason}"


# What stands in the published samples and on the pages


def test_a_sample_names_only_the_port_of_its_transport() -> None:
    connection = CATALOGUE.spec.api.connection
    ports = {"grpc": connection.grpc_port, "rest": connection.rest_port}
    for cell, text in SAMPLES:
        found = {int(port) for port in re.findall(r"localhost:(\d+)", text)}
        assert found == {ports[cell.client.transport]}, cell.name


def test_every_model_version_is_a_number() -> None:
    for cell, text in SAMPLES:
        rendered = CATALOGUE.render(cell)
        assert rendered.text == text
        found = [text[s.start : s.end] for s in rendered.spans if s.name == "model_version"]
        asked = any("{version}" in call.path for call in cell.operation.calls)
        assert (len(found) > 0) == asked, cell.name
        assert all(number.isdigit() for number in found), cell.name


def test_each_language_is_coloured_as_itself() -> None:
    lexers = {cell.client.name.partition("/")[0]: cell.client.language.lexer for cell, _ in SAMPLES}
    assert lexers == {"python": "python", "cpp": "cpp", "java": "java", "go": "go", "curl": "sh"}


def test_clients_with_stubs_say_what_they_are_generated_from() -> None:
    named = {cell.client.name: cell.client for cell, _ in SAMPLES}
    (contract,) = CATALOGUE.spec.api.proto
    for name in ("cpp/grpc", "go/grpc", "java/grpc"):
        assert re.search("the gRPC contract.*Download project", named[name].install_note), name
        assert any(Path(file).name == contract for file in CATALOGUE.building(named[name])), name


def test_no_page_links_to_the_branch_that_is_gone() -> None:
    pages = [*(ROOT / "site").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    assert len(pages) > 5
    for page in pages:
        assert not re.search(r"/(blob|tree)/develop\b", page.read_text()), page.name


def test_packages_with_extras_are_quoted_pinned_and_small() -> None:
    pins = dict(re.findall(r"(?m)^([\w-]+)==(\S+)$", (ROOT / "constraints.txt").read_text()))
    clients = {cell.client.name: cell.client for cell, _ in SAMPLES}
    for name in ("python/tritonclient-grpc", "python/tritonclient-http"):
        extra = name.rpartition("-")[2]
        version = pins["tritonclient"]
        assert clients[name].install == f"pip install 'tritonclient[{extra}]=={version}'"
    for client in clients.values():
        assert not re.search(r"(?<!')\b[\w-]+\[[\w,]+\]", client.install), client.name


def test_tritonclient_lays_out_images_itself() -> None:
    texts = [text for cell, text in samples("python") if "tritonclient" in cell.client.name]
    assert texts
    assert not any("binary_data_size" in text or "struct.pack" in text for text in texts)


GO_ENDS = {"grpc.NewClient(": "connection.Close()", "context.With": "cancel()"}
"""What a Go program starts, and how it ends that."""


def test_each_go_connection_and_context_is_ended() -> None:
    found = set()
    for cell, text in samples("go"):
        for start, end in GO_ENDS.items():
            if start in text:
                found.add(start)
                assert f"\n\tdefer {end}\n" in text, (cell.name, end)
        assert "WithTimeout" in text or "Timeout:" in text, cell.name
    assert found == set(GO_ENDS)


def test_what_the_cpp_client_gives_away_is_owned() -> None:
    owned = 0
    for cell, text in samples("cpp"):
        for pointer in re.findall(r"tc::Infer\w+\* (\w+) = nullptr;", text):
            assert re.search(rf"const std::unique_ptr<tc::Infer\w+> \w+\({pointer}\);", text), (
                cell.name
            )
            owned += 1
    assert owned >= 4

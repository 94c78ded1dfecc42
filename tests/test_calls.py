"""The lines of a program that call the server: where templates mark them, what is made of them."""

import re
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samplegen.catalogue import Catalogue, Cell
from samplegen.render.layout.marks import (
    CLOSE_CALL,
    LISTS,
    OPEN_CALL,
    Span,
    by_calls,
    calls,
    in_call,
    plain,
    spans,
    value,
)
from samplegen.render.linking import link
from samplegen.render.renderer import Renderer
from samplegen.render.view import Rendered, view
from samplegen.resources import Layers
from tests.conftest import ROOT

EXAMPLES = ROOT / "examples"
CATALOGUES = {
    "kserve": Catalogue(),
    "etcd": Catalogue([EXAMPLES / "etcd/spec"]),
    "inventory": Catalogue([EXAMPLES / "inventory/spec"], [EXAMPLES / "inventory/templates"]),
    "starter": Catalogue([ROOT / "samplegen/starter/spec"], [ROOT / "samplegen/starter/templates"]),
}
CALLS = {
    "python/tritonclient-grpc": r"\bclient\.(infer|is_|get_)\w*\(",
    "python/tritonclient-http": r"\bclient\.(infer|is_|get_)\w*\b",
    "python/requests": r"= send\(|\bsend\(session",
    "python/grpcio": r"\b(stub|inventory)\.\w+\(",
    "python/urllib": r"\burlopen\(",
    "cpp/triton-grpc": r"\bclient->(Infer|Is|ServerMetadata|ModelMetadata)\w*\(",
    "cpp/triton-http": r"\bclient->(Infer|Is|ServerMetadata|ModelMetadata)\w*\(",
    "cpp/grpc": r"(\bstub|NewStub\(channel\))->\w+\(context",
    "cpp/libcurl": r"\b(Send|Ask)\(\s*\"http",
    "java/grpc": r"(\bstub|SECONDS\))\s*\.\w+\(\w+",
    "java/http": r"\bsend\((request|\"[A-Z]+\", url)",
    "go/grpc": r"\bclient\.\w+\(ctx|\bcall\(etcd\.New\w+\(connection\)\.\w+, request",
    "go/http": r"\bclient\.(Get|Post|Do)\(|\bsend\(\"[A-Z]+\", \"http",
    "curl/rest": r"\b(request|check) http",
}
"""What the line looks like that calls the server, by client."""
CELLS = [
    pytest.param(catalogue, cell, id=f"{name}: {cell.name}")
    for name, catalogue in CATALOGUES.items()
    for cell in catalogue.cells
    if catalogue.state(cell) == "ready"
]


@pytest.mark.parametrize(("catalogue", "cell"), CELLS)
def test_every_program_says_where_it_calls(catalogue: Catalogue, cell: Cell) -> None:
    rendered = catalogue.render(cell)
    text = rendered.text
    assert 0 < len(rendered.call) < len(text)
    assert re.search(CALLS[cell.client.name], rendered.call)
    # The address and the model are among these lines: they are what a reader changes first.
    for span in rendered.spans:
        assert any(start <= span.start and span.end <= end for start, end in rendered.calls), span
    for start, end in rendered.calls:
        assert not start or text[start - 1] == "\n"
        assert text[end - 1] == "\n"
    whole = iter(line.strip() for line in text.splitlines())
    assert all(line.strip() in whole for line in rendered.call.splitlines() if line)


@pytest.mark.parametrize("client", CATALOGUES["kserve"].clients.all(), ids=lambda c: c.name)
def test_programs_that_share_a_structure_call_at_their_own_lines(client: object) -> None:
    catalogue = CATALOGUES["kserve"]
    (cell,) = (c for c in catalogue.cells if c.client == client and c.operation.name == "health")
    seen = view(catalogue.spec.api, cell.operation)
    renderer = Renderer(catalogue.clients.layers)
    first, second, third = (renderer.render(cell.client, seen) for _ in range(3))
    assert first.marked == second.marked == third.marked


LINES = st.text("ab \n", max_size=12)


@given(st.lists(st.tuples(LINES, LINES), max_size=4), LINES)
def test_a_call_takes_whole_lines(parts: list[tuple[str, str]], last: str) -> None:
    text = "".join(f"{before}{OPEN_CALL}{inside}{CLOSE_CALL}" for before, inside in parts) + last
    pieces = by_calls(text)
    assert "".join(pieces) == plain(text)
    assert len(pieces) % 2
    end = 0
    for number, piece in enumerate(pieces):
        start, end = end, end + len(piece)
        if number % 2 and piece:
            assert not start or plain(text)[start - 1] == "\n"
            assert end == len(plain(text)) or plain(text)[end - 1] == "\n"
    for line in (line for _, lines in parts for line in lines.split("\n") if line):
        assert any(line in piece for piece in pieces[1::2])
    # With marks round its lines, a program says the same again.
    marked = "".join(in_call(p) if n % 2 else p for n, p in enumerate(pieces))
    assert plain(marked) == plain(text)
    assert calls(marked) == calls(text)


def test_calls_with_nothing_but_empty_lines_between_are_one() -> None:
    host = value("host", "e")
    first, second, third = (in_call(f"{lines}\n") for lines in ("b", "c", host))
    marked = f"a\n{first}\n{second}d\n{third}"
    assert calls(marked) == ((2, 7), (9, 11))
    assert Rendered(marked).call == "b\n\nc\n\ne\n"


def test_a_program_whose_template_marks_nothing_has_no_call() -> None:
    assert Rendered("a\n").calls == ()
    assert Rendered("a\n").call == ""


@pytest.mark.parametrize(
    ("template", "call"),
    [
        ("a\n[call]\n  b\n    c\n[end]\nd\n", "b\n  c\n"),
        ("a\n{%- block call -%}\n\nb\n{%- endblock -%}\n\nd\n", "abd\n"),
        ("a\n{% block call_one %}\nb\n{% endblock call_one %}\nc\n", "b\n"),
        ("a [call]b[end] c\nd\n", "a b c\n"),
        ("[call]\na\n{% block call_in %}\nb\n[end]\nc\n[end]\n", "a\nb\nc\n"),
        ("a\n{% block callback %}\nb\n[end]\n", ""),
        ("a\n[call]\n[end]\nb\n", ""),
        ("{% filter indent(2, true) %}\n[call]\na\n[end]\n{% endfilter %}\nb\n", ""),
        ("{% set x %}\n{% block call_in %}\na\n[end]\n{% endset %}\n{{ x }}[call]b[end]\n", "b\n"),
        ("{% if true %}\n  [call]\n  a\n  [end]\n{% endif %}\nb\n", "a\n"),
        ("[call]\na\n[end]\n{{ self.other() }}{% block other %}\nb\n[end]\n", "a\n"),
        ("{% macro m() %}\nb\n{%- endmacro %}\na\n[call]\n{{ m() }}\n[end]\nc\n", "b\n"),
    ],
)
def test_a_block_marks_a_call_and_leaves_no_bytes(template: str, call: str, tmp_path: Path) -> None:
    catalogue = CATALOGUES["kserve"]
    client = catalogue.clients.client("curl/rest")
    seen = view(catalogue.spec.api, catalogue.spec.operation("health"))
    made = []
    template = template.replace("[call]", "{% block call %}").replace("[end]", "{% endblock %}")
    for folder, text in (("marked", template), ("not", template.replace("call", "kall"))):
        file = tmp_path / folder / "curl/rest/health.sh.jinja"
        file.parent.mkdir(parents=True)
        file.write_text(text)
        renderer = Renderer(Layers((tmp_path / folder,)))
        made.append([renderer.render(client, seen) for _ in range(2)])
    marked, unmarked = made
    assert [one.text for one in chain(marked, unmarked)] == [unmarked[0].text] * 4
    assert [one.call for one in marked] == [call, call]
    assert [one.call for one in unmarked] == ["", ""]


def test_the_template_as_one_text_has_no_marks() -> None:
    linked = link("a", {"a": "x\n{% block call %}\ny\n{% endblock %}\n"}.__getitem__)
    assert linked.text == plain(linked.text)
    assert plain(linked.rendered) != linked.rendered


@pytest.mark.parametrize("text", ["(", "[", ")", "<", ">", "=1", "", "host"])
def test_a_value_is_never_taken_for_a_mark(text: str) -> None:
    marked = f"a {value('model', text)}\n"
    assert by_calls(marked) == [marked]
    assert not LISTS.search(marked)
    assert plain(marked) == f"a {text}\n"
    assert spans(marked) == (Span(2, 2 + len(text), "model"),)

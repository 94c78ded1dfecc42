"""Programs that are filled with values are those that Jinja makes; what it would not make, neither.

Each template is rendered three times, for operations of one structure: by Jinja, then traced, then
filled in. Every render but the first would differ if a template saw anything of a hole.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samplegen.catalogue import Catalogue
from samplegen.connection.model import Header
from samplegen.errors import SamplegenError
from samplegen.render.clients import Client
from samplegen.render.renderer import Renderer
from samplegen.render.view import Rendered, View, view
from samplegen.spec.operation import Operation
from samplegen.spec.tensors import Tensor
from tests.test_literals import HOSTILE

CATALOGUE = Catalogue()
API = CATALOGUE.spec.api
CLIENTS = CATALOGUE.clients.all()
SECURED = replace(
    API.connection,
    headers=(Header(name="x-a", value="b"), Header(name="x-s", env="SECRET")),
    bearer_token_env="TOKEN",  # noqa: S106  the name of a variable
    authority="models.example",
)
TEXTS = st.sampled_from(HOSTILE) | st.text(max_size=120)
FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=32)


def outcome(renderer: Renderer, client: Client, seen: View) -> str | list[str]:
    """The program with its marks, or what is wrong."""
    try:
        return renderer.render(client, seen).marked
    except SamplegenError as error:
        return [str(problem) for problem in error.problems]


PLAIN = Renderer(CATALOGUE.clients.layers)


def by_jinja(client: Client, seen: View) -> str | list[str]:
    """What Jinja makes, with templates that are compiled already."""
    PLAIN._structures.clear()
    PLAIN._subject = None
    return outcome(PLAIN, client, seen)


def variant(original: Operation, texts: Iterator[str], numbers: list[float]) -> Operation:
    """An operation of the same structure."""

    def tensor(of: Tensor) -> Tensor:
        data = of.data and tuple(numbers[i % len(numbers)] for i in range(len(of.data)))
        return replace(of, name=next(texts), data=data)

    return replace(
        original,
        name=next(texts),
        title=next(texts),
        summary=next(texts),
        model=original.model and next(texts),
        inputs=tuple(map(tensor, original.inputs)),
        outputs=tuple(map(tensor, original.outputs)),
    )


@pytest.mark.parametrize("connection", [API.connection, SECURED], ids=["plain", "secured"])
@given(data=st.data())
@settings(max_examples=4, deadline=None)
def test_filled_programs_are_those_of_jinja(connection: Any, data: st.DataObject) -> None:
    filled = 0
    for original in CATALOGUE.spec.operations():
        for _ in range(3):
            texts = iter(data.draw(st.lists(TEXTS, min_size=10, max_size=10)))
            numbers = data.draw(st.lists(FLOATS, min_size=1, max_size=12))
            seen = view(API, variant(original, texts, numbers), connection)
            for client in CLIENTS:
                found = outcome(CATALOGUE.renderer, client, seen)
                assert found == by_jinja(client, seen)
                filled += not isinstance(found, list)
    assert filled


def test_all_packaged_templates_can_be_traced() -> None:
    catalogue = Catalogue()
    for cell in catalogue.cells:
        for number in range(2):
            operation = replace(cell.operation, summary=f"Number {number}.")
            catalogue.renderer.render(cell.client, view(API, operation))
        assert catalogue.renderer._subject is not None
        assert catalogue.renderer._subject.of.programs[cell.client.name] is not None, cell.name


def rendered_thrice(folder: Path, body: str, names: list[str]) -> tuple[list[str], bool]:
    """What a template makes of three models, and whether the last one was filled in."""
    (folder / "curl/rest").mkdir(parents=True, exist_ok=True)
    (folder / "curl/rest/health.sh.jinja").write_text(body)
    catalogue = Catalogue((), (folder,))
    client = catalogue.clients.client("curl/rest")
    original = catalogue.spec.operation("health")
    tensors = (Tensor(name="t", datatype="FP32", shape=(1,), data=(1.0,)),)
    made: list[Rendered] = []
    for name in names:
        operation = replace(
            original, model=name, summary=name, inputs=tensors,
            request={"id": name, "deep": {"x": "y"}, "none": None, "on": True, "n": len(name)},
        )  # fmt: skip
        made.append(catalogue.renderer.render(client, view(API, operation)))
    subject = catalogue.renderer._subject
    assert subject is not None
    program = subject.of.programs.get("curl/rest")
    return [m.text for m in made], program is not None and program(subject.values) is not None


@pytest.mark.parametrize(
    ("body", "expected", "is_filled"),
    [
        ("{{ operation.model | quote }}", "{0}", True),
        ("{{ (model ~ '-' ~ operation.model) | quote }}", "{0}-{0}", True),
        ("{% macro m(x) %}<{{ x | quote }}>{% endmacro %}{{ m(operation.model) }}", "<{0}>", True),
        ("{% set x %}{{ operation.model | quote }}{% endset %}{{ x }}{{ x }}", "{0}{0}", True),
        (
            "{% macro m(x) %}{{ caller(x) }}{% endmacro %}"
            "{% call(y) m(operation.model) %}{{ y | quote }}{% endcall %}",
            "{0}",
            True,
        ),
        (
            "{% filter indent(2) %}a\n{{ operation.model | comment('# ') }}{% endfilter %}",
            "a\n  # {0}",
            True,
        ),
        ("{{ [operation.model | quote, model | quote] | join(', ') }}", "{0}, {0}", True),
        ("{{ operation.request.id | quote }}", "{0}", True),
        ("{{ operation.request.n }}", "{1}", True),
        ("{{ operation.request | json }}", None, True),
        ("{% for k, v in operation.request.items() if k == 'id' %}{{ v | quote }}{% endfor %}",
         "{0}", True),
        ("{{ operation.inputs | map(attribute='datatype') | first | name }}", "FP32", True),
        ("{% if '%' in model %}percent{% else %}none{% endif %}", "none", True),
        ("{% if operation.model %}yes{% endif %}", "yes", True),
        ("{{ operation.model | length }}", "{1}", False),
        ("{{ operation.model | upper | quote }}", "{2}", False),
        ("{{ operation.model.upper() | quote }}", "{2}", False),
        ("{{ operation.model[0] | quote }}", "{3}", False),
        ("{{ ('%s' | format(operation.model)) | quote }}", "{0}", False),
        ("{{ ('%s' % operation.model) | quote }}", "{0}", False),
        ("{{ (model ~ operation.model) | length }}", None, False),
        ("{% for c in operation.model %}{{ c | quote }}{% endfor %}", "{0}", False),
        ("{% if operation.model is string %}text{% endif %}", "text", False),
        ("{% if operation.model is sequence %}text{% endif %}", "text", False),
        ("{{ operation.model | float == 0.0 and 'ok' | name or 'no' | name }}", None, False),
        ("{% if operation.model > 'm' %}after{% else %}before{% endif %}", None, False),
        ("{% if operation.model | quote | length > 4 %}long{% else %}-{% endif %}", None, False),
        ("{{ {operation.model: 1}.values() | first }}", "1", False),
        ("{{ [operation.model] | sort | first | quote }}", None, False),
        ("{{ operation.model | default('x') | quote }}", "{0}", False),
        ("{{ operation.expect | length }}", None, False),
        ("{{ operation.request.deep.x | quote }}", "y", True),
        ("{{ operation.title | urlencode | quote }}", None, False),
        ("{{ {'a': operation.model} | urlencode | quote }}", "a={0}", False),
    ],
)  # fmt: skip
def test_what_a_template_asks_of_a_value(
    body: str, expected: str | None, is_filled: bool, tmp_path: Path
) -> None:
    names = ["one", "three", "sevenfold"]
    found, filled = rendered_thrice(tmp_path, body, names)
    assert filled == is_filled
    for name, text in zip(names, found, strict=True):
        if expected is None:
            assert text == rendered_thrice(tmp_path, body, [name, name])[0][0]
        else:
            assert text == expected.format(name, len(name), name.upper(), name[0])


def test_another_answer_asks_jinja_again(tmp_path: Path) -> None:
    body = "{% if '%' in model %}percent{% else %}none{% endif %} {{ model | quote }}"
    found, _ = rendered_thrice(tmp_path, body, ["a", "b", "c%", "d"])
    assert found == ["none a", "none b", "percent c%", "none d"]


def test_what_cannot_be_written_is_told_at_its_line_when_it_is_filled_in() -> None:
    renderer = Renderer(CATALOGUE.clients.layers)
    client = CATALOGUE.clients.client("go/http")
    original = CATALOGUE.spec.operation("health")
    for name in ("one", "two"):
        renderer.render(client, view(API, replace(original, model=name)))
    bad = view(API, replace(original, summary="ok", model="x\ud800"))
    with pytest.raises((SamplegenError, UnicodeEncodeError)):
        renderer.render(client, bad)


def test_programs_of_many_structures_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samplegen.render.renderer._MOST_STRUCTURES", 4)
    renderer = Renderer(CATALOGUE.clients.layers)
    client = CATALOGUE.clients.client("python/requests")
    original = CATALOGUE.spec.operation("infer-array")
    for size in range(1, 10):
        data = tuple(map(float, range(size)))
        tensor = Tensor(name="t", datatype="FP32", shape=(size,), data=data)
        for name in ("a", "b", "c"):
            seen = view(API, replace(original, inputs=(tensor,), model=name))
            assert renderer.render(client, seen).marked == by_jinja(client, seen)
    assert len(renderer._structures) <= 4

"""Recording: what a server answers, and how it comes into the files of operations."""

import re
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from samplegen import yamlfile
from samplegen.contract import paths
from samplegen.contract.model import Contract, Field, Message
from samplegen.errors import SamplegenError
from samplegen.recording import editing, outcomes, patterns
from samplegen.recording.outcomes import Outcome
from samplegen.spec.operation import Line
from samplegen.spec.steps import Printed
from tests.conftest import ROOT, Run


def nothing(reason: str) -> Outcome:
    return Outcome("", reason=reason)


# Patterns

SCALARS = (
    st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=10)
    | st.uuids().map(str)
    | st.datetimes().map(lambda at: at.isoformat())
)


@given(st.lists(SCALARS, min_size=2, max_size=4))
def test_a_pattern_matches_all_that_it_was_made_of(values: list[Any]) -> None:
    pattern = patterns.common(values)
    assert all(re.fullmatch(pattern, patterns.printed(value)) for value in values)


@pytest.mark.parametrize(
    ("values", "pattern"),
    [
        ([7, 12], "[0-9]+"),
        ([-7, 12], "-?[0-9]+"),
        ([1.5, 2.25], r"[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?"),
        ([True, False], "true|false"),
        (["item-1", "item-25"], "item-[0-9]+"),
        (["2026-01-02T03:04:05.6Z", "2026-01-02T03:04:06.78Z"],
         r"[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9]+\.[0-9]+Z"),
        (["3f-a0", "b2-17"], "[0-9A-Za-z]+-[0-9A-Za-z]+"),
        (["up (1)", "up (2)"], r"up \([0-9]+\)"),
        (["Ada", "Grace"], "[A-Za-z]+"),
        (["ä", "öö"], ".+"),
        (["", "x"], ".*"),
    ],
)  # fmt: skip
def test_patterns(values: list[Any], pattern: str) -> None:
    assert patterns.common(values) == pattern


# Outcomes


def field(name: str, **values: Any) -> Field:
    return Field(name=name, json_name=name, number=1, declared="", **values)


ANSWER = {
    known.name: known
    for known in (
        field("text", kind="string"),
        field("raw", kind="bytes"),
        field("size", kind="int64"),
        field("share", kind="float"),
        field("on", kind="bool"),
        field("mood", kind="enum", type="Mood"),
        field("maybe", kind="string", presence=True),
        field("inner", kind="message", type="Answer", presence=True),
        field("items", kind="message", type="Answer", repeated=True),
    )
}
ZERO = "it is zero or empty in one run, and not in another"
UNSEEN = "it has line breaks, or other characters that cannot be seen"
DIFFER = "its items differ from run to run"
CONTRACT = Contract(messages={"Answer": Message(name="Answer", fields=ANSWER)})


def told(path: str, *answers: Any, printed: dict[str, Any] | None = None) -> Outcome:
    way = paths.resolved(CONTRACT, "Answer", path)
    line = Line((), "a", way, False)
    given_ = Printed(label="a", path=path, **(printed or {}))
    return outcomes.outcome(CONTRACT, line, given_, answers)


@pytest.mark.parametrize(
    ("path", "answers", "found"),
    [
        ("text", [{"text": "a"}, {"text": "a"}], Outcome("value", "a")),
        ("text", [{"text": "a1"}, {"text": "a2"}], Outcome("pattern", "a[0-9]+")),
        ("text", [{}, {}], Outcome("value", "")),
        ("size", [{}, {}], Outcome("value", 0)),
        ("on", [{}], Outcome("value", False)),
        ("on", [{}, {"on": True}], Outcome("pattern", "true|false")),
        ("raw", [{"raw": b"\xc3\xa9"}], Outcome("value", "é")),
        ("raw", [{"raw": b"\xff"}], nothing("it holds bytes that are no text")),
        ("share", [{"share": "NaN"}], Outcome("value", float("nan"))),
        ("size", [{}, {"size": 2}], nothing(ZERO)),
        ("maybe", [{}], nothing("the answer has no maybe")),
        ("maybe", [{"maybe": None}], nothing("the answer has no maybe")),
        ("maybe", [{}, {"maybe": "x"}], nothing("the answer has no maybe, in some runs only")),
        ("inner.text", [{}], nothing("the answer has no inner")),
        ("inner.text", [{"inner": {}}], Outcome("value", "")),
        ("items[1].text", [{"items": [{}]}], nothing("the answer has no items[1]")),
        ("text", [{"text": "a\nb"}], nothing(UNSEEN)),
        ("text", [{"text": ["a"]}], nothing("it is no text, number or boolean")),
    ],
)  # fmt: skip
def test_what_a_line_expects(path: str, answers: list[Any], found: Outcome) -> None:
    assert repr(told(path, *answers)) == repr(found)


@pytest.mark.parametrize(
    ("printed", "found"),
    [
        ({"pattern": "[a-z0-9]+"}, Outcome("pattern", "[a-z0-9]+")),
        ({"pattern": "[a-z]+"}, Outcome("pattern", "a[0-9]+")),
        ({"value": "a1"}, Outcome("pattern", "a[0-9]+")),
    ],
)
def test_a_pattern_is_kept_while_it_holds(printed: dict[str, Any], found: Outcome) -> None:
    assert told("text", {"text": "a1"}, {"text": "a2"}, printed=printed) == found


TWO = [{"text": "a"}, {"text": "b"}]
ONE_LISTED = [{}, {"items": [{"text": "a", "size": 1}]}]
NUMBERS = "other numbers of messages come from run to run"


@pytest.mark.parametrize(
    ("path", "runs", "found"),
    [
        ("text", [TWO, TWO], Outcome("values", ["a", "b"])),
        ("size", [[{}, {"size": 2}]] * 2, Outcome("values", [0, 2])),
        ("text", [[{"text": "a1"}], [{"text": "a2"}]], Outcome("pattern", "a[0-9]+")),
        ("text", [TWO, TWO[:1]], nothing(NUMBERS)),
        ("maybe", [TWO], nothing("the answer has no maybe")),
        ("size", [[{}, {"size": 2}], [{}, {"size": 3}]],
         nothing("it is zero or empty in one message, and not in another")),
        ("items", [ONE_LISTED] * 2, Outcome("lines", [{}, {"a": 1}])),
        ("items", [ONE_LISTED, [*ONE_LISTED[1:], {}]], nothing(DIFFER)),
        ("items", [[{}, {}]], nothing("the list is empty")),
    ],
)  # fmt: skip
def test_what_a_line_expects_of_a_stream(path: str, runs: list[Any], found: Outcome) -> None:
    label: Any = "a"
    each: Any = ()
    way = paths.resolved(CONTRACT, "Answer", path if path != "items" else "size")
    if path == "items":
        each = paths.resolved(CONTRACT, "Answer", path, ends_in_list=True)
        label = paths.resolved(CONTRACT, "Answer", "text")
    printed = Printed(label="a", path=path)
    line = Line(each, label, way, False)
    assert outcomes.outcome(CONTRACT, line, printed, runs, of_stream=True) == found


def test_a_pattern_of_a_stream_is_kept_while_it_holds() -> None:
    line = Line((), "a", paths.resolved(CONTRACT, "Answer", "text"), False)
    printed = Printed(label="a", path="text", pattern="[ab]")
    found = outcomes.outcome(CONTRACT, line, printed, [TWO], of_stream=True)
    assert found == Outcome("pattern", "[ab]")


def test_a_value_is_kept_within_its_tolerance() -> None:
    answers = [{"share": 0.51}, {"share": 0.49}]
    kept = {"value": 0.5, "tolerance": 0.1}
    assert told("share", *answers, printed=kept) == Outcome("value", 0.5)
    assert told("share", *answers, printed={**kept, "tolerance": 0.0}).key == "pattern"


def test_a_list_that_answers_a_call_is_no_stream() -> None:
    line = Line((), "a", paths.parsed("name"), False)
    answers = [[{"name": "x"}, {"name": "y"}]] * 2
    found = outcomes.outcome(Contract(), line, Printed(label="a", path="name"), answers)
    assert found.key == ""


@pytest.mark.parametrize(
    ("runs", "found"),
    [
        ([[("a", 1), ("b", 2)]] * 2, Outcome("lines", {"a": 1, "b": 2})),
        ([[("a", 1)], [("a", 2)]], nothing(DIFFER)),
        ([[("a", 1), ("b", 2)], [("b", 2), ("a", 1)]], nothing(DIFFER)),
        ([[("a", 1), ("a", 2)]], nothing("two items are labelled 'a'")),
        ([[]], nothing("the list is empty")),
    ],
)  # fmt: skip
def test_what_the_lines_of_a_list_expect(runs: list[Any], found: Outcome) -> None:
    each = paths.resolved(CONTRACT, "Answer", "items", ends_in_list=True)
    ways = [paths.resolved(CONTRACT, "Answer", name) for name in ("text", "size")]
    answers = [{"items": [{"text": t, "size": n} for t, n in run]} if run else {} for run in runs]
    printed = Printed(each="items", label="a", path="size")
    line = Line(each, ways[0], ways[1], False)
    assert outcomes.outcome(CONTRACT, line, printed, answers) == found


# Editing

LAYOUTS = [
    "- {label: NAME, path: a}",
    "- {label: NAME, path: a}  # as given",
    "- {path: a, label: NAME, value: old}",
    "- {path: a, pattern: 'old', label: NAME}  # kept",
    "- {label: NAME, path: a,\n   tolerance: 0.5}",
    "- label: NAME\n  path: a",
    "- label: NAME  # first\n  path: a  # second\n\n  # third",
    "- path: a\n  value: old  # of old\n  label: NAME",
    "- path: a\n  value: |\n    old\n    text\n  label: NAME",
    '- path: a\n  lines:\n    old: "1"  # one\n    older: 2\n  label: NAME',
    "- path: a\n  pattern: >-\n    o\n    l d\n  label: 'NAME é 😀'",
]
FOUND = st.one_of(
    st.builds(Outcome, st.just("value"), SCALARS),
    st.builds(Outcome, st.just("pattern"), st.sampled_from(["[0-9]+", r"a\.b", "'\""])),
    st.builds(
        Outcome,
        st.just("lines"),
        st.dictionaries(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=5),
                        SCALARS, min_size=1, max_size=3),
    ),
    st.builds(Outcome, st.just(""), st.none(), st.just("the answer has none")),
)  # fmt: skip


@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from(LAYOUTS), FOUND), max_size=4), min_size=1, max_size=3
    ),
    st.integers(0, 3),
)
def test_only_what_is_expected_changes(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Any], margin: int
) -> None:
    path = tmp_path_factory.mktemp("edit") / "do.yaml"
    lines = ["title: T  # the title", "steps:"]
    for number, printed in enumerate(steps):
        lines += ["  # a step", f"  - call: Do{number}"]
        lines += ["    print:  # lines"] if printed else []
        for index, (layout, _) in enumerate(printed):
            named = layout.replace("NAME", f"{number}.{index}").split("\n")
            lines += [f"{' ' * (4 + margin)}{line}".rstrip() for line in named]
    path.write_text("\n".join([*lines, "# the end", ""]), encoding="utf-8")
    before = yamlfile.read(path).values
    places = {
        (number, index): outcome
        for number, printed in enumerate(steps)
        for index, (_, outcome) in enumerate(printed)
    }
    text = editing.edited(path, places)
    after = yamlfile.parse(text, path).values
    for (number, index), outcome in places.items():
        old = before["steps"][number]["print"][index]
        found = [p for p in after["steps"][number].get("print", []) if p["label"] == old["label"]]
        kept = {key: old[key] for key in old if key not in ("value", "pattern", "lines")}
        assert found == ([{**kept, outcome.key: outcome.value}] if outcome.key else [])
        assert outcome.key or f"  # {outcome.reason}" in text
    for comment in ("# the title", "# the end", "# lines", "# second", "# kept", "# as given"):
        assert text.count(comment) == path.read_text(encoding="utf-8").count(comment)


def test_lines_that_share_a_line_of_the_file_are_not_made_comments(tmp_path: Path) -> None:
    path = tmp_path / "do.yaml"
    text = "steps: [{call: Do, print: [{label: a, path: a}, {label: b, path: b}]}]\n"
    path.write_text(text, encoding="utf-8")
    both = {(0, 0): Outcome("value", 1), (0, 1): Outcome("pattern", "x")}
    assert "{label: a, path: a, value: 1}, {label: b, path: b, pattern: x}" in editing.edited(
        path, both
    )
    with pytest.raises(SamplegenError, match="cannot be changed where they stand"):
        editing.edited(path, {(0, 0): Outcome("value", 1), (0, 1): nothing("none")})


# The command, against the shop of the examples


@pytest.fixture
def shop() -> Iterator[ThreadingHTTPServer]:
    from examples.shop.server import Handler

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture
def project(samplegen: Run, tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    openapi = ROOT / "examples" / "shop" / "shop.yaml"
    assert samplegen("init", folder, "--openapi", openapi).returncode == 0
    return folder


def endpoint(server: ThreadingHTTPServer) -> str:
    return f"127.0.0.1:{server.server_address[1]}"


def printed(folder: Path, operation: str) -> Any:
    text = (folder / f"spec/{operation}.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["steps"][0]["print"]


@pytest.mark.processes
def test_answers_come_into_the_files(
    samplegen: Run, project: Path, shop: ThreadingHTTPServer
) -> None:
    done = samplegen("record", "--endpoint", endpoint(shop), cwd=project)
    assert (done.returncode, done.stderr) == (0, "")
    assert "make-quote: 2 patterns, 5 values" in done.stdout
    assert "  left out voucher: the answer has no voucher\n" in done.stdout
    assert printed(project, "list-items")[-1]["lines"] == {"roll": "Roll", "bread": "Bread"}
    identity, made_at, *_ = printed(project, "make-quote")
    assert re.fullmatch(identity["pattern"], "123e4567-e89b-42d3-a456-426614174000")
    assert "item: bread  # string" in (project / "spec/make-quote.yaml").read_text("utf-8")
    assert "T[0-9]+" in made_at["pattern"]
    assert samplegen("generate", cwd=project).returncode == 0
    before = {path: path.read_bytes() for path in (project / "spec").glob("*.yaml")}
    assert samplegen("record", "--endpoint", endpoint(shop), cwd=project).returncode == 0
    assert before == {path: path.read_bytes() for path in (project / "spec").glob("*.yaml")}


@pytest.mark.processes
def test_what_a_server_refuses_takes_nothing_from_the_others(
    samplegen: Run, project: Path, shop: ThreadingHTTPServer
) -> None:
    path = project / "spec/get-item.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("id: milk", "id: tea"), "utf-8")
    done = samplegen("record", "--endpoint", endpoint(shop), cwd=project)
    assert done.returncode == 1
    assert (
        'error: get-item: getItem: HTTP status 404, expected 200: {"error": "there is no'
        in done.stderr
    )
    assert "make-quote: 2 patterns" in done.stdout


@pytest.mark.processes
def test_a_server_that_is_not_there_is_said_of_each_operation(
    samplegen: Run, project: Path
) -> None:
    done = samplegen("record", "health", "get-item", "--endpoint", "127.0.0.1:9", cwd=project)
    assert done.returncode == 1
    assert done.stderr.count("no answer from 127.0.0.1:9: ") == 2


@pytest.mark.processes
def test_an_operation_with_a_form_is_not_recorded(samplegen: Run, tmp_path: Path) -> None:
    assert samplegen("init", tmp_path / "greeter").returncode == 0
    done = samplegen("record", "greet", cwd=tmp_path / "greeter")
    assert (done.returncode, done.stderr) == (
        2,
        "error: greet: it has a form, and no steps to record\n",
    )


@pytest.mark.processes
def test_line_breaks_stay_those_of_windows(
    samplegen: Run, project: Path, shop: ThreadingHTTPServer
) -> None:
    path = project / "spec/health.yaml"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert samplegen("record", "health", "--endpoint", endpoint(shop), cwd=project).returncode == 0
    text = path.read_bytes()
    assert b"value: true}\r\n" in text
    assert text.count(b"\r\n") == text.count(b"\n")

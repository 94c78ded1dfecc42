"""Reports show every cell as it is, whatever its texts hold."""

import json
import os
import pty
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from samplegen.gates import Gate
from samplegen.judge.gates.finding import Finding
from samplegen.judge.machine.requirements import Installation
from samplegen.judge.results import report
from samplegen.judge.results.junit import as_junit
from samplegen.judge.results.shards import missing
from samplegen.judge.results.verdicts import Faults, Verdict, as_json
from samplegen.render.clients import Requirement
from tests.test_verdicts import FAILED, PASSED, SKIPPED, any_verdict

HOSTILE = "[bold]a[/] ]]> <b> & \" ' :x: a:b:c \\ [/nothing] \x1b[31m \ud800 \uffff \x00 \r\n é"
ODD = Verdict(
    operation="odd",
    client="[toy]/[/red]:a:",
    status="failed",
    gate="run",
    findings=(Finding(HOSTILE),),
    output=HOSTILE,
    log=f"path\n{HOSTILE}",
    seconds=1.5,
)
SCHEMA = xmlschema.XMLSchema(str(Path(__file__).with_name("junit.xsd")))
LOST = missing(("health", "java/grpc"))


def suite(verdicts: list[Verdict], lacking: Sequence[Verdict] = ()) -> ET.Element:
    """The test suite of a report, read by an XML parser."""
    content = as_junit(verdicts, lacking)
    assert content.startswith(b"<?xml version='1.0' encoding='utf-8'?>\n")
    root = ET.fromstring(content)  # noqa: S314  (it is our own)
    assert (root.tag, len(root)) == ("testsuites", 1)
    return root[0]


def test_junit_is_what_ci_systems_read() -> None:
    proved = replace(PASSED, faults=Faults(("server down",), "2026-01-01T00:00:00+00:00"))
    for verdicts in ([], [PASSED, FAILED, SKIPPED, ODD, LOST, proved]):
        content = as_junit(verdicts, [SKIPPED]).decode()
        SCHEMA.validate(content)
        assert not SCHEMA.is_valid(content.replace(" tests=", " test="))
    assert not SCHEMA.is_valid(
        content.replace("<error ", "<mistake ").replace("</error", "</mistake")
    )


def test_junit_counts_and_names_every_cell() -> None:
    found = suite([PASSED, FAILED, SKIPPED])
    assert found.attrib == {
        "name": "samplegen",
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
        "time": "0.500",
    }
    assert [(case.get("classname"), case.get("name")) for case in found] == [
        ("curl.rest", "health"),
        ("curl.rest", "infer"),
        ("go.grpc", "health"),
    ]
    assert [[child.tag for child in case] for case in found] == [
        ["properties", "system-out"],
        ["properties", "failure", "system-out"],
        ["properties", "skipped", "system-out"],
    ]
    failure = found[1][1]
    assert (failure.get("message"), failure.text) == ("run: no", "all\nof it")
    assert found[0][1].text == "live: true\n"


def test_junit_calls_an_error_what_kept_the_judge_from_a_verdict() -> None:
    broken = replace(FAILED, gate=None, findings=(Finding("no such name"),), log="the same")
    found = suite([FAILED, LOST, broken])
    assert (found.get("failures"), found.get("errors"), found.get("skipped")) == ("1", "2", "0")
    outcomes = [case[1] for case in found]
    assert [(outcome.tag, outcome.get("type")) for outcome in outcomes] == [
        ("failure", "run"),
        ("error", "no verdict"),
        ("error", "no verdict"),
    ]
    assert outcomes[1].get("message") == outcomes[1].text == LOST.reason


def test_junit_calls_a_failure_what_is_required_yet_was_not_judged() -> None:
    untried = replace(PASSED, operation="infer", not_tried={"lint": "shellcheck is missing"})
    failed = replace(FAILED, operation="other")
    found = suite([PASSED, SKIPPED, untried, failed], [SKIPPED, untried])
    assert (found.get("failures"), found.get("errors"), found.get("skipped")) == ("3", "0", "0")
    messages = [case[1].get("message") for case in found]
    assert messages == [
        None,
        "required, but not fully judged: go is missing",
        "required, but not fully judged: lint: shellcheck is missing",
        "run: no",
    ]
    assert [case[1].tag for case in found] == ["system-out", "failure", "failure", "failure"]


def test_junit_tells_what_was_proved_and_when() -> None:
    faults = Faults(("server down", "server stalls"), "2026-01-01T00:00:00+00:00")
    untried: dict[Gate, str] = {"lint": "no linter", "wire": "no recording"}
    waived: dict[Gate, str] = {"lint": "there is none"}
    verdict = replace(
        PASSED,
        other_server="Other 1",
        faults=faults,
        meaning_proved_at="2026-01-02T00:00:00+00:00",
        not_tried=untried,
        waived=waived,
    )
    properties = suite([verdict])[0][0]
    assert {found.get("name"): found.get("value") for found in properties} == {
        "gates": "identity format lint run output",
        "not tried": "lint: no linter; wire: no recording",
        "waived": "lint: there is none",
        "other server": "Other 1",
        "faults": "server down, server stalls",
        "faults proved at": "2026-01-01T00:00:00+00:00",
        "meaning proved at": "2026-01-02T00:00:00+00:00",
    }


def test_junit_of_nothing_is_a_suite_of_nothing() -> None:
    assert suite([]).get("tests") == "0"


def test_junit_escapes_what_xml_cannot_hold() -> None:
    case = suite([ODD])[0]
    text = case[-1].text
    assert text is not None
    assert "[bold]a[/] ]]> <b> & \" ' :x:" in text
    assert "\\x1b[31m \\ud800 \\uffff \\x00" in text
    assert text.endswith(" é")


@given(
    st.lists(any_verdict(), max_size=4, unique_by=lambda verdict: verdict.cell),
    st.data(),
)
@settings(max_examples=100, deadline=None)
def test_junit_is_right_for_any_text(verdicts: list[Verdict], data: st.DataObject) -> None:
    lacking = [
        verdict for verdict in verdicts if verdict.status != "failed" and data.draw(st.booleans())
    ]
    SCHEMA.validate(as_junit(verdicts, lacking).decode())
    found = suite(verdicts, lacking)
    assert found.get("tests") == str(len(verdicts)) == str(len(found))
    for tag, counted in {"failure": "failures", "error": "errors", "skipped": "skipped"}.items():
        assert found.get(counted) == str(len(found.findall(f"testcase/{tag}")))
    for verdict, case in zip(verdicts, found, strict=True):
        printable = re.sub(r"[^\x20-\x7e]", "", verdict.output)
        text = iter(case.findtext("system-out") or "")
        assert all(character in text for character in printable), "nothing printable is lost"
        fine = verdict.status == "passed" and verdict not in lacking
        assert fine == all(case.find(tag) is None for tag in ("failure", "error", "skipped"))


def lines(printed: str) -> list[list[str]]:
    return [line.split() for line in printed.splitlines()]


def test_the_table_has_a_row_for_each_client(capsys: pytest.CaptureFixture[str]) -> None:
    more = [replace(SKIPPED, operation="infer"), replace(SKIPPED, client="go/http")]
    report.table([PASSED, FAILED, SKIPPED, ODD, *more])
    assert lines(capsys.readouterr().out) == [
        ["client", "operations", "passed", "s"],
        ["curl/rest", "✓✗", "1/2", "0.5"],
        ["go/grpc", "––", "0/2", "0.0"],
        ["[toy]/[/red]:a:", "✗", "0/1", "1.5"],
        ["go/http", "–", "0/1", "0.0"],
        ["failed", "infer", "×", "curl/rest:", "run"],
        ["failed", "odd", "×", "[toy]/[/red]:a::", "run"],
        ["skipped", "go/grpc,", "go/http", "(3", "samples):", "go", "is", "missing"],
        ["1", "passed,", "2", "failed,", "3", "skipped"],
    ]


def test_marks_of_an_operation_stand_below_one_another(
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = replace(PASSED, operation="infer", client="go/grpc")
    report.table([PASSED, replace(PASSED, operation="infer"), other])
    _, both, second, *_ = capsys.readouterr().out.splitlines()
    assert both.rindex("✓") == second.index("✓")


def test_verbose_the_table_has_a_row_for_each_sample(capsys: pytest.CaptureFixture[str]) -> None:
    report.table([PASSED, FAILED, SKIPPED, ODD], verbose=True)
    printed = capsys.readouterr().out
    gates = ["identity", "format", "lint", "run", "output"]
    assert lines(printed)[:5] == [
        ["operation", "client", "gates", "passed", "s"],
        ["✓", "health", "curl/rest", *gates, "0.2"],
        ["✗", "infer", "curl/rest", *gates, "0.2"],
        ["–", "health", "go/grpc", "skipped", "0.0"],
        ["✗", "odd", "[toy]/[/red]:a:", "failed", "1.5"],
    ]


def test_the_table_tells_which_gates_of_a_passed_sample_were_not_tried(
    capsys: pytest.CaptureFixture[str],
) -> None:
    untried = replace(PASSED, not_tried={"lint": "[x] is missing"})
    several = [replace(untried, operation=name) for name in "abcde"]
    waived = replace(untried, operation="f", waived={"lint": "no [x] here"})
    report.table([*several, waived])
    printed = capsys.readouterr().out
    names = ", ".join(f"{name} × curl/rest" for name in "abc")
    assert f"not tried lint: [x] is missing: {names} and 2 more\n" in printed
    assert "not tried lint: [x] is missing (waived: no [x] here): f × curl/rest\n" in printed
    assert printed.endswith("6 passed, 0 failed\n")


def test_nothing_is_lacking_if_all_is_there_or_no_sample_needs_it() -> None:
    there = Requirement(name="a", check=("a",), install="make a")
    linter = Requirement(name="b", check=("b",), install="make b", gates=("lint",))
    found = [Installation(there, "1.0", ("x/y",)), Installation(linter, None, ("x/y",))]
    assert report.lacking(found, Counter({"x/y": 3})) == ""
    missing = Installation(there, None, ("x/y",))
    assert report.lacking([*found, missing], Counter({"x/y": 3})) == "a (3 samples): make a"
    assert report.lacking([*found, missing], Counter()) == ""


def test_failures_print_all_one_needs_to_mend_them(capsys: pytest.CaptureFixture[str]) -> None:
    code = "x[bold]y[/] = z[:a:]  # :smile: " + "long " * 60
    failed = Verdict(
        operation="a",
        client="[b]/c",
        status="failed",
        gate="run",
        findings=(Finding("[red] :x:"),),
        log=f"p\n{code}",
    )
    report.failures([PASSED, SKIPPED, failed])
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"✗ a × [b]/c: run: [red] :x:\n  p\n  {code}\n\n"


def test_progress_comes_in_lines_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = ""
    with report.progress(2) as judged:
        judged(PASSED)
    assert capsys.readouterr() == ("", ""), "a short run needs no progress"
    monkeypatch.setattr(report, "PROGRESS_SECONDS", 0.01)
    with report.progress(2) as judged:
        judged(PASSED)
        judged(FAILED)
        while not re.search(r"^judged 2 of 2 samples in \d+ s, 1 failed\n", printed, re.M):
            printed += capsys.readouterr().err  # at last its time limit ends this test


PROGRESS = """
import sys
from samplegen.gates import Gate
from samplegen.judge.gates.finding import Finding
from samplegen.judge.machine.requirements import Installation
from samplegen.judge.results import report
from samplegen.judge.results.junit import as_junit
from samplegen.judge.results import verdicts
from dataclasses import replace
from pathlib import Path
found = verdicts.read(Path(sys.argv[1]))
with report.progress(len(found)) as judged:
    for verdict in found:
        judged(verdict)
"""


@pytest.mark.processes
def test_progress_is_shown_on_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.json"
    path.write_bytes(as_json([PASSED, FAILED]))
    leader, follower = pty.openpty()
    subprocess.run(
        [sys.executable, "-c", PROGRESS, str(path)],
        stderr=follower,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
        check=True,
        timeout=30,
    )
    os.close(follower)
    shown = os.read(leader, 65536).decode()
    os.close(leader)
    assert "judging" in shown
    assert "2/2" in shown
    assert "✗ infer × curl/rest" in shown


def test_reports_have_no_colour_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report.table([PASSED, FAILED])
    report.failures([FAILED])
    printed = capsys.readouterr()
    assert "\x1b" not in printed.out + printed.err
    assert json.loads(as_json([FAILED]))[0]["log"] == "all\nof it"

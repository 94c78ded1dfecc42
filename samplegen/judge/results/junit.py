"""Verdicts as a JUnit report."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Sequence

from samplegen.judge.results.verdicts import Verdict, joined, why_lacking

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(verdicts: Sequence[Verdict], lacking: Iterable[Verdict] = ()) -> bytes:
    """The verdicts as a JUnit report: a test case a cell.

    Args:
        verdicts: In the order of the report.
        lacking: Those of them that were not judged by all gates although that is required.
    """
    required = {verdict.cell for verdict in lacking}
    outcomes = [_outcome(verdict, verdict.cell in required) for verdict in verdicts]
    counts = Counter(outcome.tag for outcome in outcomes if outcome is not None)
    suite = ET.Element(
        "testsuite",
        name="samplegen",
        tests=str(len(verdicts)),
        failures=str(counts["failure"]),
        errors=str(counts["error"]),
        skipped=str(counts["skipped"]),
        time=f"{sum(verdict.seconds for verdict in verdicts):.3f}",
    )
    for verdict, outcome in zip(verdicts, outcomes, strict=True):
        case = ET.SubElement(
            suite,
            "testcase",
            classname=_xml(verdict.client.replace("/", ".")),
            name=_xml(verdict.operation),
            time=f"{verdict.seconds:.3f}",
        )
        properties = ET.SubElement(case, "properties")
        for name, value in _properties(verdict).items():
            ET.SubElement(properties, "property", name=name, value=_xml(value))
        if outcome is not None:
            case.append(outcome)
        ET.SubElement(case, "system-out").text = _xml(verdict.output)
    suites = ET.Element("testsuites")
    suites.append(suite)
    content: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _outcome(verdict: Verdict, is_lacking: bool) -> ET.Element | None:
    """What JUnit calls a sample that did not simply pass.

    A failure is what a gate found, or a gate that was not tried although required; an error is what
    kept the judge from a verdict.
    """
    message = _xml(verdict.reason)
    if is_lacking:
        why = f"required, but not fully judged: {_xml(why_lacking(verdict))}"
        return ET.Element("failure", message=why, type="required")
    if verdict.status == "passed":
        return None
    if verdict.status == "skipped":
        return ET.Element("skipped", message=message)
    gate = verdict.gate
    outcome = ET.Element("failure" if gate else "error", message=message, type=gate or "no verdict")
    outcome.text = _xml(verdict.log)
    return outcome


def _properties(verdict: Verdict) -> dict[str, str]:
    """What was proved and how, but for what is empty."""
    faults = verdict.faults
    properties = {
        "gates": " ".join(verdict.gates),
        "not tried": joined(verdict.not_tried),
        "waived": joined(verdict.waived),
        "not enforced": joined({g: ", ".join(c) for g, c in verdict.not_enforced.items()}),
        "isolation": verdict.isolation,
        "other server": verdict.other_server,
        "faults": ", ".join(faults.names),
        "faults proved at": faults.proved_at,
        "meaning proved at": verdict.meaning_proved_at,
    }
    return {name: value for name, value in properties.items() if value}


def _xml(text: str) -> str:
    """Text without the characters that XML 1.0 cannot hold, not even escaped."""
    return _NOT_XML.sub(lambda match: ascii(match[0])[1:-1], text)

"""A sample prints what was really answered, whatever that is, wherever it runs."""

import json
import subprocess
from pathlib import Path
from typing import Any, cast

import pytest

from samplegen.catalogue import Catalogue
from samplegen.judge.gates.answers import Line, answered
from samplegen.judge.gates.output import differences
from samplegen.spec.operation import Expectation
from tests import toy
from tests.conftest import Run, samplegen_command

pytestmark = pytest.mark.processes

ANSWERS: dict[str, Any] = {
    "ServerLive": {"live": True},
    "ModelInfer": {
        "outputs": [
            {"name": "name", "datatype": "INT64", "shape": [2], "data": [3, 4]},
            {"name": "p", "datatype": "FP32", "shape": [1, 3], "data": [0.25, 0.5, 0.25]},
        ]
    },
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("ServerLive", "live"), (True,)),
        (("ModelInfer", "outputs", "p", "data"), (0.25, 0.5, 0.25)),
        (("ModelInfer", "outputs", "p", "data", "max"), (0.5,)),
        (("ModelInfer", "outputs", "p", "data", "argmax"), (1,)),
        (("ModelInfer", "outputs", "p", "signature"), ("FP32 [1, 3]",)),
        (("ModelInfer", "outputs", "name", "data"), (3, 4)),
    ],
)
def test_a_value_is_found_in_the_answers(path: tuple[str, ...], value: Any) -> None:
    line = answered(Line(Expectation(label="a", pattern="x", answer=path)), ANSWERS)
    assert (line.value, line.pattern) == (value, None)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (("ServerLive", "ready"), "no ready in ServerLive, as the server answered it"),
        (("ServerReady", "ready"), "no ServerReady in the answers"),
        (("ModelInfer", "outputs", "q", "data"), "no q in ModelInfer.outputs"),
        (("ServerLive", "live", "argmax"), "no argmax in ServerLive.live"),
        (("ServerLive", "live", "signature"), "no signature in ServerLive.live"),
    ],
)
def test_what_was_not_answered_is_named(path: tuple[str, ...], message: str) -> None:
    with pytest.raises(LookupError, match=message):
        answered(Line(Expectation(label="a", value=(1,), answer=path)), ANSWERS)


def test_printed_values_are_compared_by_type_and_tolerance() -> None:
    path = ("ModelInfer", "outputs", "p", "data", "max")
    line = Line(Expectation(label="p", value=(9,), tolerance=0.01, answer=path))
    lines = [answered(line, ANSWERS)]
    assert differences("p: 0.505\n", lines) == []
    (found,) = differences("p: 9\n", lines)
    assert found.endswith("expected 'p: 0.5' within 0.01")


PROGRAMS: dict[str, tuple[str, str]] = {
    "prints-a-constant": (
        toy.GOOD.replace('print("answer:", answer)', 'print("answer:", 42)'),
        "with other values in the answer, line 1: found 'answer: 42'",
    ),
    "insists-on-a-value": (
        toy.GOOD.replace('print("answer:", answer)', "assert answer == 42\nprint('answer: 42')"),
        "with other values in the answer, ended with status 1: Traceback",
    ),
    "a-constant-text": (
        toy.GOOD_ITEM.replace('item["title"]', '"Desk lamp"'),
        "with other values in the answer, line 1: found 'title: Desk lamp'",
    ),
    "a-constant-boolean": (
        toy.GOOD_ITEM.replace('item["in stock"]', "True"),
        "with other values in the answer, line 2: found 'stock: True'",
    ),
    "one-decimal": (
        toy.GOOD_ITEM.replace('item["price"]', 'round(item["price"], 1)'),
        "with other values in the answer, line 3: found 'price: ",
    ),
    "six-digits": (
        toy.GOOD_ITEM.replace('item["price"]', 'format(item["price"], "g")'),
        "with other values in the answer, line 3: found 'price: ",
    ),
    "the-next-field": (
        toy.GOOD_ITEM.replace('item["title"]', "list(item.values())[0]"),
        "with the answer in another layout, ",
    ),
    "by-regular-expression": (
        toy.GOOD_ITEM.replace("import json\n", "import json\nimport re\n").replace(
            "item = json.load(response)",
            "text = response.read().decode()\n        item = json.loads(text)\n"
            '        item["count"] = int(re.search(r\'"count": (\\d+)}\', text)[1])',
        ),
        "with the answer in another layout, ",
    ),
    "by-locale": (
        toy.GOOD_ITEM.replace("import json\n", "import json\nimport locale\n").replace(
            "for label",
            'locale.setlocale(locale.LC_ALL, "")\nlines[2] = locale.str(lines[2])\nfor label',
        ),
        "with the answer in another layout, line 3: found 'price: 24,5'",
    ),
    "by-time-zone": (
        toy.GOOD_ITEM.replace("import json\n", "import json\nimport time\n").replace(
            'item["count"]', 'item["count"] + time.timezone'
        ),
        "with the answer in another layout, line 4: found 'count: ",
    ),
}
"""Name to program and what is said of it; see `toy`."""
IN_THE_ORDER_OF_A_SET = toy.GOOD_ITEM.replace(
    "for label, line in zip",
    'printed = dict(zip(("title", "stock", "price", "count"), lines))\n'
    "for label in set(printed):\n"
    '    print(f"{label}:", printed[label])\n'
    "for label, line in () and zip",
)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Every program, judged in one run; the server neither records nor answers differently."""
    folder = tmp_path_factory.mktemp("toy")
    programs = {name: program for name, (program, _) in PROGRAMS.items()}
    programs |= {"good-item": toy.GOOD_ITEM, "in-the-order-of-a-set": IN_THE_ORDER_OF_A_SET}
    items = {name: toy.ITEM for name, program in programs.items() if "url.Item" in program}
    options = toy.make(folder, programs, items)
    finished = subprocess.run(
        samplegen_command("verify", "--json", "--cache", folder / "cache", *options),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return {verdict["operation"]: verdict for verdict in json.loads(finished.stdout)}


@pytest.mark.timeout(320)
@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str, verdicts: dict[str, dict[str, Any]]) -> None:
    verdict = verdicts[name]
    assert (verdict["status"], verdict["gate"]) == ("failed", "meaning"), verdict["reason"]
    assert PROGRAMS[name][1] in verdict["reason"], verdict["reason"]


@pytest.mark.timeout(320)
def test_the_order_of_a_set_is_another_one_in_each_run(
    verdicts: dict[str, dict[str, Any]],
) -> None:
    assert verdicts["in-the-order-of-a-set"]["gate"] in ("output", "meaning")


@pytest.mark.timeout(320)
def test_a_good_program_passes(verdicts: dict[str, dict[str, Any]]) -> None:
    assert verdicts["good-item"]["status"] == "passed", verdicts["good-item"]["reason"]
    assert "meaning" in verdicts["good-item"]["gates"]


def make(folder: Path, program: str, other: str, operation: str = "") -> list[str | Path]:
    """A toy API whose server records and can answer differently."""
    options = toy.make(folder, {"one": program})
    api = folder / "spec/api.yaml"
    more = f"record: ['{{record}}']\n  other: [{other}]\n  install:"
    api.write_text(api.read_text().replace("install:", more))
    path = folder / "spec/one.yaml"
    path.write_text(path.read_text() + operation)
    return options


OTHER = "other: [{label: answer, value: %s}]\n"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (43, ""),
        (
            44,
            "meaning: at the server that answers differently, line 1: found 'answer: 43'; "
            "expected 'answer: 44'",
        ),
    ],
)
def test_a_server_that_answers_differently_is_asked_too(
    number: int, reason: str, tmp_path: Path, samplegen: Run
) -> None:
    options = make(tmp_path, toy.GOOD, "other", OTHER % number)
    finished = samplegen("verify", "--json", *options, cwd=tmp_path)
    (verdict,) = json.loads(finished.stdout)
    assert verdict["other_server"] == "toy 1.0"
    assert verdict["status"] == ("failed" if reason else "passed"), verdict["reason"]
    assert not reason or verdict["reason"].startswith(reason), verdict["reason"]


def test_what_a_sample_did_is_kept_while_both_servers_answer_the_same(
    tmp_path: Path, samplegen: Run
) -> None:
    def verdict(other: str) -> dict[str, Any]:
        options = make(tmp_path, toy.GOOD, other, OTHER % 43)
        finished = samplegen("verify", "--json", *options, cwd=tmp_path)
        (found,) = json.loads(finished.stdout)
        return cast(dict[str, Any], found)

    first, second, third = verdict("other"), verdict("other"), verdict("another")
    assert first["status"] == second["status"] == "passed", (first["reason"], second["reason"])
    assert first["meaning_proved_at"] == second["meaning_proved_at"] != ""
    assert second["judged_at"] > second["meaning_proved_at"]
    assert third["status"] == "failed"
    assert "at the server that answers differently, line 1: found 'answer: 44'" in third["reason"]


def test_every_operation_says_what_of_an_answer_it_prints() -> None:
    for operation in Catalogue().spec.operations():
        assert all(line.answer for line in (*operation.expect, *operation.other)), operation.name

"""The JSON that a page shows is what samplegen gives.

`python -m tests.site.examples` makes again all that site/machines.md shows.
"""

import functools
import json
import re
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from samplegen.judge.gates.finding import Finding
from samplegen.judge.results.verdicts import Verdict
from samplegen.outputs import to_json
from samplegen.site import machine, projects
from tests.conftest import ROOT, samplegen_command
from tests.mutants import suite
from tests.mutants.planting import mutants
from tests.server.process import running
from tests.site import building

SCHEMAS = {
    "samplegen list --json": "list",
    "samplegen show health --client curl/rest --json": "show",
    "samplegen doctor --json": "doctor",
    "samplegen model ADDRESS dummy --json": "model",
    "samplegen conform ADDRESS --json": "conform",
    "samplegen verify --json": "verdicts",
    "samples.json of a samples folder": "samples",
    "samples.json of a site": "site-samples",
    "build/mutants.json": "mutants",
}
"""Title to the name of the schema."""
TOOLS = ("curl", "jq", "shfmt", "shellcheck")
"""Without which the examples cannot be made."""
PAGE = ROOT / "site/machines.md"
BLOCK = re.compile(r'(?<=^```json title=")(?P<title>[^"]+)"\n(?P<text>.*?)(?=\n```$)', re.M | re.S)
WIDTH = 88
"""Of a line on the page, in characters."""
LONGEST = 60
"""Characters of a text that the page shows."""
FEW = 2
"""Items of a list that the page shows, where each is like the others."""
VARYING = {
    "documented_addresses", "gate_seconds", "judged_at", "meaning_proved_at", "proved_at",
    "samplegen", "seconds", "version", "versions",
}  # fmt: skip
"""Keys whose values another machine or another day changes."""
CELL = ("health", "--client", "curl/rest")


def _printed(*words: str | Path, folder: Path) -> Any:
    finished = subprocess.run(
        samplegen_command(*words, "--json"),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return json.loads(finished.stdout)


@functools.cache
def documents() -> dict[str, Any]:
    """What samplegen gives, by the titles of the page; of lists only what concerns one sample."""
    with tempfile.TemporaryDirectory() as name, running(Path(name) / "log") as server:
        folder = Path(name)
        address = f"http://127.0.0.1:{server.rest_port}"
        published = ("--samples", ROOT / "site/samples")
        found = {
            title: _printed(*words, folder=folder)
            for title, words in {
                "samplegen list --json": ("list",),
                "samplegen show health --client curl/rest --json": ("show", *CELL),
                "samplegen doctor --json": ("doctor",),
                "samplegen model ADDRESS dummy --json": ("model", address, "dummy"),
                "samplegen conform ADDRESS --json": ("conform", address),
                "samplegen verify --json": ("verify", *CELL, *published),
            }.items()
        }
    found["samples.json of a samples folder"] = json.loads(
        (ROOT / "site/samples/samples.json").read_text()
    )
    book = building.book(judge=lambda sample: None)
    archives = {projects.archive(s): projects.packed(book, s) for s in book.samples.values()}
    found["samples.json of a site"] = json.loads(
        machine.index(book, "https://docs.example/", archives)
    )
    planted = next(mutants(["curl"]))
    assert planted.row is not None
    verdict = Verdict(
        operation=planted.operation,
        client=planted.client,
        status="failed",
        gate=planted.row.caught_by,
        findings=(Finding("ended with status 1"),),
    )
    # As if no other fault were planted: else the page would change with every new one.
    scores = replace(suite.report([suite.Judged(planted, verdict)], 40.0), present=1)
    found["build/mutants.json"] = json.loads(to_json(scores))
    return {title: _one(value) for title, value in found.items()}


def _one(value: Any) -> Any:
    """Of a list, what concerns curl, abridged."""
    if not isinstance(value, list):
        return _abridged(value)
    mine = [one for one in value if "curl/rest" in (one.get("client"), *one.get("clients", ()))]
    return _abridged(mine[:1])


def _abridged(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _abridged(one, name) for name, one in value.items()}
    if isinstance(value, list):
        few = value[:FEW] if key in ("names", "clients", "not_tried") else value
        cut = [_abridged(one) for one in few]
        return [*cut, "…"] if len(few) < len(value) and isinstance(value[0], str) else cut
    if isinstance(value, str) and len(value) > LONGEST and key != "sha256":
        return f"{value[:LONGEST]}…"
    return value


def steady(value: Any) -> Any:
    """The value without what another machine or another day changes."""
    if isinstance(value, dict):
        return {k: "varies" if k in VARYING else steady(v) for k, v in value.items()}
    if isinstance(value, list):
        return [steady(one) for one in value]
    if isinstance(value, str):
        return re.sub(r"(?<=OpenVINO Model Server ).*", "N", value)
    return value


def pretty(value: Any, indent: int = 0) -> str:
    """JSON in lines that a page can show."""
    flat = json.dumps(value, ensure_ascii=False)
    if (indent and indent + len(flat) <= WIDTH) or not isinstance(value, dict | list):
        return flat
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        keys = {key: f"{json.dumps(key)}: " for key in value}
        items = [f"{inner}{keys[k]}{pretty(v, indent + 2)}" for k, v in value.items()]
        begin, end = "{}"
    else:
        items = [f"{inner}{pretty(one, indent + 2)}" for one in value]
        begin, end = "[]"
    return "\n".join([begin, ",\n".join(items), " " * indent + end])


def shown() -> dict[str, Any]:
    """The examples of the page, by title."""
    blocks = BLOCK.finditer(PAGE.read_text(encoding="utf-8"))
    return {block["title"]: json.loads(block["text"]) for block in blocks}


def main() -> None:
    """Writes the examples of the page anew."""

    def renewed(match: re.Match[str]) -> str:
        return f'{match["title"]}"\n{pretty(documents()[match["title"]])}'

    PAGE.write_text(BLOCK.sub(renewed, PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()

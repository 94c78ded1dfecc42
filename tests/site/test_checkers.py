"""The built site under the checkers of others: HTML under Nu, pages under Lighthouse."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import missing
from tests.site.building import Site
from tests.site.conftest import FLAGS

pytestmark = pytest.mark.processes

CATEGORIES = ("accessibility", "best-practices", "seo")
"""Not the performance, which follows the load of the machine: bench/site.py measures it."""

OF_THE_THEME = [
    r"Attribute “autocomplete” is only allowed .* id=\"__(drawer|search)\"",
    r"Bad value “” for attribute “tabindex” on element “label”: .* class=\"md-nav__link",
    r"The value of the “for” attribute of the “label” element .* for=\"__toc\"",
]
"""What Nu says of mkdocs-material's own templates, and where; anything else is ours."""


def complaints(node_modules: Path, pages: list[Path]) -> list[str]:
    """What the Nu HTML checker finds wrong: page, line, message and the place in the HTML."""
    if shutil.which("java") is None:
        missing("java is missing; sudo apt install default-jdk-headless")
    jar = node_modules / "vnu-jar/build/dist/vnu.jar"
    command = ["java", "-jar", str(jar), "--errors-only", "--exit-zero-always", "--format", "json"]
    done = subprocess.run(
        [*command, *map(str, pages)], capture_output=True, text=True, timeout=110, check=True
    )
    return [
        f"{message['url']}:{message.get('lastLine')}: {message['message']} {message.get('extract')}"
        for message in json.loads(done.stderr)["messages"]
    ]


def test_html_is_valid(site: Site, node_modules: Path) -> None:
    pages = sorted(site.folder.rglob("*.html"))
    assert len(pages) > len(site.book.operations)
    known = re.compile("|".join(OF_THE_THEME), re.S)
    ours = [text for text in complaints(node_modules, pages) if not known.search(text)]
    assert not ours, "\n".join(ours)


def test_the_checker_finds_a_mistake(node_modules: Path, tmp_path: Path) -> None:
    page = tmp_path / "wrong.html"
    page.write_text(
        "<!doctype html><html lang=en><title>T</title><p><div id=a></div><i id=a></i></p>"
    )
    found = complaints(node_modules, [page])
    assert any("Duplicate ID" in text for text in found)
    assert any("No “p” element in scope" in text for text in found)


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/", "/operations/infer-image/"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_lighthouse(
    chromium: Any, address: str, node_modules: Path, tmp_path: Path, path: str, size: str
) -> None:
    output = tmp_path / "report.json"
    browser = shutil.which("chromium") or shutil.which("google-chrome") or ""
    done = subprocess.run(
        [
            "node", node_modules / "lighthouse/cli/index.js", address + path, "--quiet",
            "--output=json", f"--output-path={output}", f"--only-categories={','.join(CATEGORIES)}",
            f"--chrome-flags=--headless=new {' '.join(FLAGS)}",
            *(["--preset=desktop"] if size == "desktop" else []),
        ],
        env={**os.environ, "CHROME_PATH": browser},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(output.read_text(encoding="utf-8"))
    failed = [
        f"{category}: {audit['id']}: {audit['title']}"
        for category in CATEGORIES
        for reference in report["categories"][category]["auditRefs"]
        if (audit := report["audits"][reference["id"]])["score"] not in (None, 1)
        and reference["weight"]
    ]
    assert not failed, "\n".join(failed)
    scores = {name: report["categories"][name]["score"] for name in CATEGORIES}
    assert scores == dict.fromkeys(CATEGORIES, 1)

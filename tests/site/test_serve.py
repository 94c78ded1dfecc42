"""`mkdocs serve`: pages follow the spec and the templates, and a mistake never makes them hang."""

import contextlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.site import building

pytestmark = pytest.mark.processes

HEALTH = "templates/curl/rest/health.sh.jinja"
SECONDS = 60


@dataclass
class Serving:
    """A running `mkdocs serve` whose spec and templates are copies."""

    address: str
    folder: Path

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def page(self, path: str) -> str:
        with urllib.request.urlopen(f"{self.address}{path}", timeout=SECONDS) as answer:  # noqa: S310
            return str(answer.read().decode())

    def wait(self, path: str, when: Callable[[str], bool]) -> str:
        """The page, once `when` holds of it."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                html = self.page(path)
                if when(html):
                    return html
            time.sleep(0.1)
        raise AssertionError(f"{path} did not change")


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    for name in ("spec", "templates", "site"):
        shutil.copytree(building.ROOT / name, tmp_path / name)
    config = building.configure(
        tmp_path,
        building.book(),
        docs_dir=str(tmp_path / "site"),
        plugin={
            "spec": [str(tmp_path / "spec")],
            "templates": [str(tmp_path / "templates")],
            "samples": str(tmp_path / "site/samples"),
        },
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mkdocs", "serve", "--livereload", "--dev-addr"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, f"127.0.0.1:{port}", "--config-file", str(config)],
            env=building.ENVIRONMENT,
            stdout=log,
            stderr=log,
        )
    try:
        serving = Serving(f"http://127.0.0.1:{port}", tmp_path)
        serving.wait("/", lambda html: "sg-samples" in html)
        yield serving
    finally:
        process.terminate()
        process.wait(20)


def test_a_page_follows_its_template_spec_and_verdicts(serving: Serving) -> None:
    serving.edit(HEALTH, "echo 'server live: true'", "echo 'another text'")
    html = serving.wait("/operations/health/", lambda html: "another text" in html)
    assert "sg-badge sg-stale" in html
    serving.edit("spec/health.yaml", "title: Request Health Endpoints", "title: Take the Pulse")
    serving.wait("/clients/", lambda html: "Take the Pulse" in html)
    (serving.folder / "verdicts.json").write_text("[]", encoding="utf-8")
    serving.wait("/operations/health/", lambda html: "sg-badge sg-verified" not in html)


def test_a_new_operation_appears(serving: Serving) -> None:
    copied = (serving.folder / "spec/infer-array.yaml").read_text(encoding="utf-8")
    (serving.folder / "spec/again.yaml").write_text(copied.replace("order: 50", "order: 60"))
    serving.wait("/operations/again/", lambda html: "again--curl-rest" in html)


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (HEALTH, "url.ServerLive", "url.Liv", "health.sh.jinja:{line}"),
        (HEALTH, "{% endblock %}", "", "health.sh.jinja"),
        ("spec/health.yaml", "summary:", "sumary:", "health.yaml:"),
        ("site/clients/index.md", "samplegen-matrix", "samplegen-matrx", "index.md:{line}: no"),
    ],
)
def test_a_mistake_is_told_on_the_page_and_mended_by_the_next_save(
    serving: Serving, file: str, old: str, new: str, told: str
) -> None:
    path = "/clients/" if file.startswith("site") else "/operations/health/"
    before = serving.page(path)
    head, _, _ = (serving.folder / file).read_text(encoding="utf-8").partition(old)
    serving.edit(file, old, new)
    html = serving.wait(path, lambda html: "samplegen found mistakes" in html)
    assert told.format(line=head.count("\n") + 1) in html
    text = (serving.folder / file).read_text(encoding="utf-8")
    restored = (building.ROOT / file).read_text(encoding="utf-8")
    assert text != restored
    (serving.folder / file).write_text(restored, encoding="utf-8")
    after = serving.wait(path, lambda html: "samplegen found mistakes" not in html)
    assert after.count("sg-code") == before.count("sg-code")

"""Builds the site of the repository, or a variant of it, in a folder of its own."""

import functools
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from mkdocs.utils.yaml import yaml_load

from samplegen.catalogue import Catalogue
from samplegen.judge.results.verdicts import Verdict
from samplegen.site.book import Book, Sample

ROOT = Path(__file__).parents[2]

ENVIRONMENT = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "SITE_URL": "http://127.0.0.1/"}


@dataclass(frozen=True)
class Site:
    """A built site."""

    folder: Path
    book: Book
    log: str = ""

    def text(self, uri: str) -> str:
        return (self.folder / uri).read_text(encoding="utf-8")


def verdict(sample: Sample, **changes: Any) -> Verdict:
    """What the judge would say of a sample that passed."""
    label = sample.operation.expect[0].label
    passed = Verdict(
        operation=sample.operation.name,
        client=sample.client.name,
        status="passed",
        gates=("identity", "format", "lint", "run", "output"),
        output=f"{label}: <b>&amp; as printed</b>\n",
        versions={"server": "A server 1.0", "tool": "2.0"},
        sha256=sample.sha256,
        documented_addresses=True,
        seconds=0.5,
        judged_at="2026-01-02T03:04:05+00:00",
    )
    return replace(passed, **changes)


def book(
    spec: Sequence[Path] = (),
    templates: Sequence[Path] = (),
    judge: Callable[[Sample], Verdict | None] = verdict,
) -> Book:
    """The samples with the verdicts that `judge` gives."""
    catalogue = Catalogue(spec, templates)
    samples = Book(catalogue, ()).samples.values()
    return Book(catalogue, [v for sample in samples if (v := judge(sample)) is not None])


def configure(folder: Path, made: Book, **options: Any) -> Path:
    """Writes a mkdocs.yml that builds into `folder`, and the verdicts of `made`."""
    verdicts = [asdict(s.verdict) for s in made.samples.values() if s.verdict is not None]
    (folder / "verdicts.json").write_text(json.dumps(verdicts), encoding="utf-8")
    plugin = {
        "errors": str(ROOT / "site/errors.yaml"),
        "lazy_search": True,
        "samples": str(ROOT / "site/samples"),
        "verdicts": str(folder / "verdicts.json"),
        "mutants": str(folder / "mutants.json"),
        **options.pop("plugin", {}),
    }
    with (ROOT / "mkdocs.yml").open(encoding="utf-8") as stream:
        search = yaml_load(stream)["plugins"][0]
    config = {
        "INHERIT": str(ROOT / "mkdocs.yml"),
        "docs_dir": str(ROOT / "site"),
        "site_dir": str(folder / "site"),
        "plugins": [search, {"samplegen": plugin}],
        "watch": [],
        **options,
    }
    path = folder / "mkdocs.yml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def mkdocs(*arguments: str | Path, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", *map(str, arguments)],
        cwd=cwd,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def build(folder: Path, made: Book, *, strict: bool = True, **options: Any) -> Site:
    """Builds the site with the samples of `made`."""
    config = configure(folder, made, **options)
    strictly = ["--strict"] if strict else []
    done = mkdocs("build", *strictly, "--config-file", config)
    assert done.returncode == 0, done.stderr
    return Site(folder / "site", made, done.stderr)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of an HTTP server of `folder`."""
    handler = functools.partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()

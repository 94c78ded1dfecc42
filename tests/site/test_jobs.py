# ruff: noqa: F401, F811  (a fixture that is imported to be used here)
"""Three jobs of a new reader, from the search box to a program that ran."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from samplegen.catalogue import Catalogue
from samplegen.judge.gates.output import differences
from tests.conftest import missing
from tests.server.process import Server, running
from tests.site.building import Site
from tests.site.test_browser import copy, fill, page
from tests.typing_in import fresh_shell, type_in, typed

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server") / "log") as server:
        yield server


def search(page: Any, query: str, found: str) -> None:
    """Types a query, and follows the result that leads to a page, one of the first three."""
    page.goto("/")
    page.click(".md-search__input")
    page.keyboard.type(query)
    link = f".md-search-result__item:nth-child(-n+3) a[href*='{found}']"
    page.wait_for_selector(link)
    page.locator(link).first.click()
    page.wait_for_url(f"**/{found}**")
    page.wait_for_function("document.querySelectorAll('.md-code__button').length > 0")


def pick(page: Any, tab: str) -> None:
    page.locator(".sg-samples > .tabbed-labels > label", has_text=tab).first.click()


def ran(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=100, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_an_image_is_sent_from_curl_by_the_copied_program(
    page: Any, site: Site, server: Server, tmp_path: Path
) -> None:
    for tool in ("curl", "jq"):
        if shutil.which(tool) is None:
            missing(f"{tool} is missing")
    search(page, "image", "operations/infer-image/")
    pick(page, "curl")
    fill(page, host="127.0.0.1", rest_port=str(server.rest_port))
    sample = site.book.samples["infer-image", "curl/rest"]
    (tmp_path / "sample.sh").write_text(copy(page, sample), encoding="utf-8")
    for name in sample.operation.files:
        with page.expect_download() as download:
            page.click(f".sg-code:visible .filename a >> text={name}")
        download.value.save_as(tmp_path / name)
    printed = ran(["sh", "sample.sh"], tmp_path)
    assert not differences(printed, sample.operation.expect, quoted=sample.operation.quoted)


def test_strings_are_sent_from_python_by_the_saved_program(
    page: Any, site: Site, server: Server, tmp_path: Path
) -> None:
    search(page, "strings", "operations/infer-strings/")
    pick(page, "python [GRPC]")
    fill(page, host=f"grpc://127.0.0.1:{server.port}")
    with page.expect_download() as download:
        page.click(".sg-code:visible .filename a >> nth=0")
    download.value.save_as(tmp_path / "strings.py")
    sample = site.book.samples["infer-strings", "python/tritonclient-grpc"]
    printed = ran([sys.executable, "strings.py"], tmp_path)
    assert not differences(printed, sample.operation.expect, quoted=sample.operation.quoted)


def test_a_project_for_go_is_downloaded_built_and_run_by_its_readme(
    page: Any, site: Site, server: Server, tmp_path: Path
) -> None:
    if shutil.which("go") is None:
        missing("go is missing")
    search(page, "two inputs", "operations/infer-simple/")
    pick(page, "golang")
    page.locator(".sg-samples .sg-libraries label >> text=net/http").first.click()
    with page.expect_download() as download:
        page.locator(".sg-run:visible a[download]").click()
    archive = tmp_path / download.value.suggested_filename
    download.value.save_as(archive)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path)
    folder = archive.with_suffix("")
    # The server of this test is not on the documented port, which others may be using.
    program = next(folder.glob("*.go"))
    text = program.read_text(encoding="utf-8")
    documented = Catalogue().spec.api.connection
    assert f"{documented.host}:{documented.rest_port}" in text
    own = f"127.0.0.1:{server.rest_port}"
    program.write_text(text.replace(f"{documented.host}:{documented.rest_port}", own))
    *build, run = typed((folder / "README.md").read_text(encoding="utf-8"))
    # What the compiler has made of Go's own library is as good as new.
    cache = os.environ.get("GOCACHE", str(Path.home() / ".cache/go-build"))
    shell = fresh_shell(tmp_path) | {"GOCACHE": cache}
    for lines in build:
        type_in(lines, folder, shell)
    sample = site.book.samples["infer-simple", "go/http"]
    assert not differences(
        type_in(run, folder, shell), sample.operation.expect, quoted=sample.operation.quoted
    )

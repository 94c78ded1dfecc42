"""An operation's page names the clients that do not support it, and why."""

import html
from pathlib import Path

import pytest
import yaml

from tests.conftest import Run
from tests.site import building
from tests.site.building import Site

pytestmark = pytest.mark.processes

SAID = "These clients do not support this operation:"


def test_each_omitted_client_is_named_with_its_reason(site: Site) -> None:
    omitted = [cell for cell in site.book.catalogue.cells if cell.omitted is not None]
    assert omitted
    for cell in omitted:
        page = f"operations/{cell.operation.name}/index"
        for text in (site.text(f"{page}.html"), site.text(f"{page}.md")):
            named = text.partition(SAID)[2].partition("Install the package")[0]
            assert cell.client.title in named
            assert str(cell.omitted).rpartition(": ")[2] in html.unescape(named)


def test_where_all_clients_have_a_program_nothing_is_said(site: Site) -> None:
    omitting = {cell.operation.name for cell in site.book.catalogue.cells if cell.omitted}
    for name in site.book.operations.keys() - omitting:
        assert SAID not in site.text(f"operations/{name}/index.html")


def test_so_does_a_project_of_init(samplegen: Run, tmp_path: Path) -> None:
    folder = tmp_path / "ours"
    assert samplegen("init", folder).returncode == 0
    path = folder / "templates/python/urllib/client.yaml"
    client = yaml.safe_load(path.read_text(encoding="utf-8"))
    client["omits"] = {"greet": "the library has no greeting"}
    path.write_text(yaml.safe_dump(client), encoding="utf-8")
    done = building.mkdocs("build", cwd=folder)
    assert done.returncode == 0, done.stderr
    (page,) = folder.glob("**/operations/greet/index.html")
    text = page.read_text(encoding="utf-8")
    assert SAID in text
    assert "the library has no greeting" in text.partition(SAID)[2]

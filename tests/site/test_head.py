"""What search engines and previews of links see, and what a page says of installation."""

import json
import re
from pathlib import Path

import html5lib
import pytest

from tests.site import building
from tests.site.building import Site

pytestmark = pytest.mark.processes


def heads(site: Site, name: str) -> tuple[str, dict[str, str]]:
    """The title of a page and its properties, by name."""
    html = html5lib.parse(site.text(name), namespaceHTMLElements=False)
    metas = {
        str(meta.get("name") or meta.get("property")): str(meta.get("content"))
        for meta in html.iter("meta")
    }
    return str(html.findtext("head/title")), metas


def test_titles_and_descriptions_name_protocol_and_languages(site: Site) -> None:
    for operation in site.book.operations.values():
        title, metas = heads(site, f"operations/{operation.name}/index.html")
        languages = site.book.languages_of(operation)
        for text in (title, metas["description"], metas["og:title"]):
            assert "KServe v2" in text
            assert all(language in text for language in languages), text
        assert metas["og:url"].endswith(f"/operations/{operation.name}/")
    for client in site.book.clients.values():
        title, _ = heads(site, f"clients/{client.name.replace('/', '-')}/index.html")
        assert f"KServe v2 {client.language.title} client example" in title


def test_pages_hold_data_for_search_engines(site: Site) -> None:
    text = site.text("operations/health/index.html")
    (found,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text)
    data = json.loads(found)
    assert data["@type"] == "TechArticle"
    assert data["url"] == "http://127.0.0.1/operations/health/"
    assert "Sitemap: http://127.0.0.1/sitemap.xml" in site.text("robots.txt")


def test_without_an_address_pages_name_none(tmp_path: Path) -> None:
    site = building.build(tmp_path, building.book(), strict=False, site_url="")
    text = site.text("operations/health/index.html")
    assert 'rel="canonical"' not in text
    assert "og:url" not in text
    assert not (site.folder / "robots.txt").exists()
    assert "http://127.0.0.1:8080" not in text + site.text("llms.txt") + site.text("samples.json")


def test_in_ci_a_site_without_an_address_is_no_strict_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(building.ENVIRONMENT, "CI", "true")
    config = building.configure(tmp_path, building.book(), site_url="")
    done = building.mkdocs("build", "--strict", "--config-file", config)
    assert done.returncode != 0
    assert "site_url is not set" in done.stderr


def test_installation_is_named_from_one_setting(tmp_path: Path) -> None:
    options = {"package": ".[{extra}]"}
    site = building.build(tmp_path, building.book(), plugin=options)
    pages = [path.read_text(encoding="utf-8") for path in site.folder.rglob("*.html")]
    texts = [re.sub("<[^>]*>", "", page) for page in pages]
    assert any("pip install '.[server]'  # in a clone of the source" in text for text in texts)
    assert not any("pip install 'samplegen[" in text for text in texts)


def test_notes_on_installation_name_the_file_of_the_operation(site: Site) -> None:
    for name in site.book.operations.keys() - {"health"}:
        text = site.text(f"operations/{name}/index.html").partition('id="install-the-package"')[2]
        assert f"{name}.cc" in text
        assert not re.search(r"\bhealth\.(cc|java|go|py|sh)\b", text), name

"""What a reader does on the pages, in a real browser."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from samplegen.site.book import Sample
from tests.site import building
from tests.site.building import Site
from tests.site.test_facts import blocks

OWN = {
    "host": "gpu-7.example.com",
    "grpc_port": "9443",
    "rest_port": "8443",
    "model": "cats_v1.2",
    "model_version": "12",
}
HOSTILE = {
    "host": [
        "a b", "a;b", "$(id)", "`id`", 'a"b', "a'b", "a\\b", "a/b", "-oProxy=x", "a\u202eb", "é",
        "[::1", "::1", "<b>", "a\x00b", "x" * 300,
    ],
    "grpc_port": ["0", "65536", "-1", "9e3", "08", "１", "8000"],
    "rest_port": ["99999", "8000;", "9000"],
    "model": ["a/b", "..", "a b", "${HOME}", "{{x}}", "a" * 129, "é"],
    "model_version": ["0", "1.0", "-1", "latest", "9" * 30],
}  # fmt: skip


@pytest.fixture
def page(chromium: Any, address: str) -> Iterator[Any]:
    """A fresh reader's page; any console error or foreign request fails the test."""
    context = chromium.new_context(
        base_url=address, permissions=["clipboard-read", "clipboard-write"]
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on(
        "request",
        lambda r: (
            complaints.append(r.url) if not r.url.startswith((address, "data:", "blob:")) else None
        ),
    )
    yield page
    context.close()
    assert complaints == []


def open_page(page: Any, path: str) -> None:
    page.goto(path)
    page.wait_for_function("document.querySelectorAll('.md-code__button').length > 0")


def checked(page: Any) -> set[str]:
    """The labels of the picked tabs of the page, libraries one step behind aside."""
    outer = ":is(.sg-samples, .sg-install) > input:checked"
    return set(page.eval_on_selector_all(outer, "all => all.map(input => input.ariaLabel)"))


def copy(page: Any, sample: Sample) -> str:
    """What the copy button of a sample puts on the clipboard."""
    page.evaluate("navigator.clipboard.writeText('nothing')")
    button = page.locator(f"#{sample.anchor}").evaluate_handle(
        """input => {
          const set = input.parentElement;
          const index = [...set.querySelectorAll(':scope > input')].indexOf(input);
          const blocks = set.querySelector(':scope > .tabbed-content').children;
          return blocks[index].querySelector('.sg-code [data-clipboard-target]');
        }"""
    )
    button.evaluate("button => button.click()")
    page.wait_for_function("async () => await navigator.clipboard.readText() !== 'nothing'")
    return str(page.evaluate("navigator.clipboard.readText()"))


def fill(page: Any, **values: str) -> None:
    page.locator(".sg-values").first.evaluate("details => details.open = true")
    for name, value in values.items():
        page.fill(f".sg-values [name={name}]", value)


def operations(site: Site) -> list[str]:
    return list(site.book.operations)


def samples(site: Site, operation: str) -> list[Sample]:
    return [s for s in site.book.samples.values() if s.operation.name == operation]


def test_tabs_switch_together_and_stay(page: Any) -> None:
    open_page(page, "/operations/health/")
    assert checked(page) == {"python [GRPC]"}
    page.click(".sg-samples .tabbed-labels >> text=curl")
    assert checked(page) == {"curl"}
    open_page(page, "/operations/infer-image/")
    assert checked(page) == {"curl"}
    page.reload()
    assert checked(page) == {"curl"}


def test_the_choice_holds_in_another_version_of_the_site(
    chromium: Any, site: Site, tmp_path: Path
) -> None:
    for version in ("1.0", "2.0"):
        (tmp_path / version).symlink_to(site.folder)
    with building.served(tmp_path) as address:
        context = chromium.new_context(base_url=address)
        page = context.new_page()
        open_page(page, "/1.0/operations/health/")
        page.click(".sg-samples .tabbed-labels >> text=golang")
        fill(page, host="gpu7")
        open_page(page, "/2.0/operations/infer-array/")
        assert checked(page) == {"golang"}
        assert page.locator(".sg-own").first.text_content() == "gpu7"
        context.close()


def test_search_is_fetched_when_somebody_searches(page: Any) -> None:
    fetched: list[str] = []
    page.on("requestfinished", lambda request: fetched.append(request.url))
    open_page(page, "/operations/health/")
    page.wait_for_load_state("networkidle")
    assert not [url for url in fetched if url.endswith(("/texts.json", "/theme.js"))]
    page.click(".md-search__input")
    page.keyboard.type("ModelInfer")
    page.wait_for_selector(".md-search-result__link")
    # A later query is answered by the theme's own worker.
    page.keyboard.press("Control+A")
    page.keyboard.type("ServerMetadata")
    page.wait_for_function(
        "document.querySelector('.md-search-result__link')?.href.includes('server-metadata')"
    )


@pytest.mark.parametrize("lang", ["curl", "curl/rest", "CURL"])
def test_a_link_picks_a_language(page: Any, lang: str) -> None:
    open_page(page, f"/operations/health/?lang={lang}")
    page.wait_for_function("document.querySelector('[data-client=\"curl/rest\"]').checked")
    assert checked(page) == {"curl"}
    open_page(page, "/operations/infer-array/")
    assert checked(page) == {"curl"}


def test_a_library_one_step_behind(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("libraries")
    for title, text in blocks("extend.md").items():
        file = folder / title
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n", encoding="utf-8")
    templates = folder / "templates"
    options = {"templates": [str(templates)], "samples": str(folder / "none")}
    site = building.build(folder, building.book((), [templates]), plugin=options)
    sample = site.book.samples["health", "curl/wget"]
    with building.served(site.folder) as address:
        context = chromium.new_context(
            base_url=address, permissions=["clipboard-read", "clipboard-write"]
        )
        page = context.new_page()
        shown = f"input#{sample.anchor}"
        for link in (f"#{sample.anchor}", "?lang=curl/wget"):
            page.goto("about:blank")
            open_page(page, f"/operations/health/{link}")
            page.wait_for_function(f"document.querySelector('{shown}').checked")
            assert "curl" in checked(page)
            assert page.locator(".sg-code:visible code").text_content() == sample.rendered.text
        assert copy(page, sample) == sample.rendered.text
        open_page(page, "/operations/health/")
        assert page.is_checked(shown)
        context.close()


def test_an_unknown_language_changes_nothing(page: Any) -> None:
    open_page(page, "/operations/health/?lang=cobol%3Cscript%3E")
    assert checked(page) == {"python [GRPC]"}


def test_a_link_leads_to_a_sample(page: Any, site: Site) -> None:
    for sample in samples(site, "health"):
        open_page(page, f"/operations/health/#{sample.anchor}")
        assert page.is_checked(f"#{sample.anchor}")
        page.goto("about:blank")


def test_copied_is_what_was_judged(page: Any, site: Site) -> None:
    for operation in operations(site):
        open_page(page, f"/operations/{operation}/")
        for sample in samples(site, operation):
            assert copy(page, sample) == sample.rendered.text


def test_own_values_are_those_the_generator_would_write(page: Any, site: Site) -> None:
    api = site.book.api
    connection = replace(
        api.connection,
        host=OWN["host"],
        grpc_port=int(OWN["grpc_port"]),
        rest_port=int(OWN["rest_port"]),
        model=OWN["model"],
        model_version=OWN["model_version"],
    )
    open_page(page, "/")
    fill(page, **OWN)
    for operation in operations(site):
        open_page(page, f"/operations/{operation}/")
        for sample in samples(site, operation):
            expected = site.book.catalogue.render(sample.cell, connection).text
            assert copy(page, sample) == expected, sample.cell.name
        differing = page.eval_on_selector_all(".sg-differs", "all => all.map(e => !e.hidden)")
        assert all(differing)


def test_reset_brings_the_verified_bytes_back(page: Any, site: Site) -> None:
    open_page(page, "/operations/infer-array/")
    fill(page, **OWN)
    page.click(".sg-values [type=reset]")
    page.wait_for_function("document.querySelectorAll('.sg-own').length === 0")
    for sample in samples(site, "infer-array"):
        assert copy(page, sample) == sample.rendered.text
    assert page.evaluate("localStorage.getItem('samplegen.values')") == "{}"
    assert not any(page.eval_on_selector_all(".sg-differs", "all => all.map(e => !e.hidden)"))


def test_another_tab_of_the_browser_follows(page: Any) -> None:
    open_page(page, "/operations/health/")
    other = page.context.new_page()
    open_page(other, "/operations/infer-array/")
    fill(page, host="gpu7")
    other.wait_for_function("document.querySelector('.sg-own')?.textContent === 'gpu7'")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_value_changes_nothing(page: Any, name: str) -> None:
    open_page(page, "/operations/infer-array/")
    before = page.eval_on_selector_all(".sg-code code", "all => all.map(e => e.textContent)")
    for value in HOSTILE[name]:
        fill(page, **{name: value})
        assert page.locator(".sg-values [aria-invalid=true]").count() == 1, value
        assert page.inner_text(".sg-values output") != ""
        after = page.eval_on_selector_all(".sg-code code", "all => all.map(e => e.textContent)")
        assert after == before, value
        fill(page, **{name: ""})


@pytest.mark.parametrize("kept", ['{"host": "$(id)"}', "[1", '{"host": 5, "rest_port": "x"}', "7"])
def test_a_hostile_store_is_passed_over(page: Any, kept: str) -> None:
    page.goto("/operations/infer-array/")
    page.evaluate(f"localStorage.setItem('samplegen.values', {json.dumps(kept)})")
    open_page(page, "/operations/infer-array/?host=evil&model=evil#host=evil")
    assert page.locator(".sg-own").count() == 0
    assert "evil" not in page.inner_text("main")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ModelInfer", "operations/infer-"),
        ("v2/health/live", "operations/health"),
        ("Image parsing failed", "errors"),
        ("binary_data_size", "wire-format"),
    ],
)
def test_search_finds(page: Any, query: str, found: str) -> None:
    open_page(page, "/")
    page.click(".md-search__input")
    page.keyboard.type(query)
    page.wait_for_selector(".md-search-result__link")
    links = page.eval_on_selector_all(".md-search-result__link", "all => all.map(a => a.href)")
    assert any(found in link for link in links), links


def test_keyboard_alone(page: Any) -> None:
    open_page(page, "/operations/health/")
    page.focus(".sg-samples > input:checked")
    page.keyboard.press("ArrowRight")
    assert checked(page) == {"python [REST]"}
    outline = page.eval_on_selector(
        ".sg-samples > .tabbed-labels", "labels => getComputedStyle(labels).outlineStyle"
    )
    assert outline == "solid"
    page.focus(".sg-values > summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("gpu7")
    assert page.locator(".sg-own").first.text_content() == "gpu7"


def test_paper_gets_the_picked_language_only(page: Any) -> None:
    open_page(page, "/operations/health/?lang=curl")
    page.wait_for_function("document.querySelector('[data-client=\"curl/rest\"]').checked")
    page.emulate_media(media="print")
    seen = page.eval_on_selector_all(
        ".sg-code", "all => all.filter(e => e.checkVisibility()).map(e => e.textContent)"
    )
    assert len(seen) == 1
    assert "#!/bin/sh" in seen[0]


def test_without_scripts(chromium: Any, address: str, site: Site) -> None:
    context = chromium.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    page.goto("/operations/health/")
    first, *_, last = samples(site, "health")
    shown = page.locator(".sg-code code").all_inner_texts()
    assert shown[0].strip() == first.rendered.text.strip()
    page.click(".sg-samples .tabbed-labels >> text=curl")
    assert page.locator(".sg-code:visible code").inner_text().strip() == last.rendered.text.strip()
    assert not page.locator(".sg-values").is_visible()
    context.close()


def test_a_phone_never_scrolls_sideways(chromium: Any, address: str, site: Site) -> None:
    context = chromium.new_context(base_url=address, viewport={"width": 360, "height": 700})
    page = context.new_page()
    for html in sorted(site.folder.rglob("index.html")):
        page.goto("/" + html.parent.relative_to(site.folder).as_posix().removeprefix("."))
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, f"{html}: {width}"
    context.close()

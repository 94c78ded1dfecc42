"""What a reader does on the pages, in a real browser."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from samplegen.site.book import Sample
from tests.site import building, client_errors
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
        "[::1", "<b>", "a\x00b", "x" * 300, "gpu7:0", "gpu7:99999", "http://gpu7:80/x", "ftp://gpu7",
        "user@gpu7", "http://",
    ],
    "grpc_port": ["0", "65536", "-1", "9e3", "08", "１"],
    "rest_port": ["99999", "8000;"],
    "model": ["a/b", "-x", "..", "a b", "${HOME}", "{{x}}", "a" * 129, "é"],
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


@pytest.mark.parametrize(
    ("lang", "tab", "client"),
    [
        ("curl", "curl", "curl/rest"),
        ("curl/rest", "curl", "curl/rest"),
        ("CURL", "curl", "curl/rest"),
        ("sh", "curl", "curl/rest"),
        ("python", "python [GRPC]", "python/tritonclient-grpc"),
        ("py", "python [GRPC]", "python/tritonclient-grpc"),
        ("python/requests", "python [REST]", "python/requests"),
        ("cpp", "cpp [GRPC]", "cpp/triton-grpc"),
        ("c++", "cpp [GRPC]", "cpp/triton-grpc"),
        ("C%2B%2B", "cpp [GRPC]", "cpp/triton-grpc"),
        ("cpp/libcurl", "cpp [REST]", "cpp/libcurl"),
        ("java", "java", "java/grpc"),
        ("go", "golang", "go/grpc"),
        ("golang", "golang", "go/grpc"),
        ("go/http", "golang", "go/http"),
    ],
)
def test_a_link_picks_a_language(page: Any, lang: str, tab: str, client: str) -> None:
    for path in (f"/operations/health/?lang={lang}", "/operations/infer-array/"):
        open_page(page, path)
        code = page.locator(f".sg-samples :checked[data-client='{client}']")
        code.first.wait_for(state="attached")
        assert checked(page) == {tab}
        shown = page.locator(".sg-code:visible .filename a").first.get_attribute("href")
        assert f"/samples/{client}/" in shown


def test_an_unknown_language_is_named(page: Any) -> None:
    open_page(page, "/operations/health/?lang=cobol")
    note = page.locator(".sg-note")
    note.wait_for()
    assert note.inner_text() == "There are no programs for “cobol” here."


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


def test_a_link_leads_to_a_sample_and_keeps_the_choice(page: Any, site: Site) -> None:
    for sample in samples(site, "health"):
        open_page(page, f"/operations/health/#{sample.anchor}")
        assert page.is_checked(f"#{sample.anchor}")
        # Its tabs are in sight, below the header.
        page.wait_for_function(
            """() => {
              const tabs = document.querySelector('.sg-samples').getBoundingClientRect();
              const header = document.querySelector('.md-header').getBoundingClientRect();
              return tabs.top >= header.bottom - 1 && tabs.top < innerHeight / 2;
            }"""
        )
        install = f".sg-install :checked[data-client='{sample.client.name}']"
        page.wait_for_function(f'document.querySelector("{install}") !== null')
        open_page(page, "/operations/infer-array/")
        other = site.book.samples["infer-array", sample.client.name]
        assert page.is_checked(f"#{other.anchor}")
        page.goto("about:blank")


def test_copied_is_what_was_judged(page: Any, site: Site) -> None:
    for operation in operations(site):
        open_page(page, f"/operations/{operation}/")
        for sample in samples(site, operation):
            assert copy(page, sample) == sample.rendered.text


def test_the_lines_that_call_the_server_come_first(page: Any, site: Site) -> None:
    for operation in ("health", "infer-array"):
        for sample in samples(site, operation):
            page.goto("about:blank")
            open_page(page, f"/operations/{operation}/#{sample.anchor}")
            code = page.locator(".sg-code:visible")
            expected = sample.rendered.call
            shown = [line.strip() for line in code.locator("code").inner_text().splitlines()]
            lines = [line for line in shown if line]
            assert lines == [line.strip() for line in expected.splitlines() if line.strip()]
            page.evaluate("navigator.clipboard.writeText('nothing')")
            code.locator("[data-call]").click()
            page.wait_for_function("async () => await navigator.clipboard.readText() !== 'nothing'")
            assert page.evaluate("navigator.clipboard.readText()") == expected
            whole = code.locator("[data-whole]")
            count = sample.rendered.text.count("\n")
            assert whole.inner_text() == f"Show the whole program ({count} lines)"
            whole.click()
            text = code.locator("code").inner_text()
            assert text.rstrip("\n") == sample.rendered.text.rstrip("\n")
            assert whole.get_attribute("aria-expanded") == "true"
            whole.click()
            assert whole.inner_text() == f"Show the whole program ({count} lines)"


def test_the_call_has_the_readers_values(page: Any) -> None:
    open_page(page, "/operations/infer-array/?lang=go")
    fill(page, host="gpu7")
    page.locator(".sg-code:visible [data-call]").click()
    page.wait_for_function("async () => (await navigator.clipboard.readText()).includes('gpu7')")


def test_without_scripts_the_whole_program_is_there(
    chromium: Any, address: str, site: Site
) -> None:
    context = chromium.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    page.goto("/operations/health/")
    sample = samples(site, "health")[0]
    shown = page.locator(".sg-code:visible code").first.inner_text()
    assert shown.rstrip("\n") == sample.rendered.text.rstrip("\n")
    assert not page.locator(".sg-more:visible").count()
    context.close()


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


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ("gpu7:8080", {"host": "gpu7", "rest_port": "8080"}),
        ("http://gpu7:8080/", {"host": "gpu7", "rest_port": "8080"}),
        ("https://models.example", {"host": "models.example"}),
        ("grpc://gpu7:9001", {"host": "gpu7", "grpc_port": "9001"}),
        ("::1", {"host": "[::1]"}),
        ("http://[::1]:8080", {"host": "[::1]", "rest_port": "8080"}),
        ("model_server", {"host": "model_server"}),
        ("gpu7.", {"host": "gpu7."}),
    ],
)
def test_an_address_may_be_pasted(page: Any, typed: str, fields: dict[str, str]) -> None:
    open_page(page, "/operations/health/")
    fill(page, host=typed)
    page.locator(".sg-values [name=model]").focus()
    kept = page.evaluate("JSON.parse(localStorage.getItem('samplegen.values'))")
    assert kept == fields
    for name, value in fields.items():
        assert page.input_value(f".sg-values [name={name}]") == value
        shown = page.locator(f".sg-value[data-value={name}]").all_text_contents()
        assert set(shown) == {value}


def test_one_port_serves_both_transports(page: Any) -> None:
    open_page(page, "/operations/health/")
    fill(page, grpc_port="8443", rest_port="8443")
    assert page.locator(".sg-values [aria-invalid=true]").count() == 0
    assert page.inner_text(".sg-values-now") == ": REST 8443, gRPC 8443"
    ports = ".sg-value:is([data-value=grpc_port], [data-value=rest_port])"
    assert set(page.locator(ports).all_text_contents()) == {"8443"}


def test_without_a_version_samples_are_those_the_generator_would_write(
    page: Any, site: Site
) -> None:
    connection = replace(site.book.api.connection, model_version="")
    open_page(page, "/operations/health/")
    page.locator(".sg-values").first.evaluate("details => details.open = true")
    page.check(".sg-values [name=no_version]")
    for operation in operations(site):
        open_page(page, f"/operations/{operation}/")
        for sample in samples(site, operation):
            expected = site.book.catalogue.render(sample.cell, connection).text
            assert copy(page, sample) == expected, sample.cell.name
    page.locator(".sg-values").first.evaluate("details => details.open = true")
    page.uncheck(".sg-values [name=no_version]")
    for sample in samples(site, operations(site)[-1]):
        assert copy(page, sample) == sample.rendered.text


def test_a_download_has_the_shown_values(page: Any, site: Site, tmp_path: Path) -> None:
    sample = site.book.samples["infer-array", "python/tritonclient-grpc"]
    open_page(page, "/operations/infer-array/")
    for values in ({}, {"host": "gpu7"}):
        fill(page, **values)
        with page.expect_download() as download:
            page.click(".sg-code:visible .filename a >> nth=0")
        assert download.value.suggested_filename == "infer-array.py"
        text = Path(download.value.path()).read_text(encoding="utf-8")
        assert text == page.locator(".sg-code:visible code").text_content()
        assert ("gpu7" in text) is bool(values)
        assert (text == sample.rendered.text) is not bool(values)


def test_the_form_builds_the_command_for_all_else(page: Any) -> None:
    open_page(page, "/operations/infer-array/?lang=go/http")
    fill(page, host="gpu7:8080", model="resnet")
    page.wait_for_function(
        "document.querySelector('[data-command]').textContent === "
        "'samplegen model http://gpu7:8080 resnet --client go/http'"
    )


def test_the_page_is_copied_as_markdown(page: Any, site: Site) -> None:
    open_page(page, "/operations/health/")
    page.click("[data-twin]")
    page.wait_for_selector("text=Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == site.text("operations/health/index.md")


def test_errors_are_filtered(page: Any) -> None:
    page.goto("/errors/")
    page.fill(".sg-filter input", "shape")
    heads = page.locator("article h3:visible").all_inner_texts()
    assert 0 < len(heads) < page.locator("article h3").count()
    page.fill(".sg-filter input", "zzzz")
    assert page.locator("article h3:visible").count() == 0
    page.fill(".sg-filter input", "")
    assert page.locator("article h3:visible").count() == page.locator("article h3").count()


def test_the_filter_finds_a_whole_message_with_other_addresses(page: Any) -> None:
    page.goto("/errors/")
    for (title, client), message in client_errors.shown().items():
        for parts in client_errors.alternatives(message):
            pasted = " gpu7:9001 ".join(parts)
            page.fill(".sg-filter input", pasted)
            heads = page.locator("article h3:visible").all_inner_texts()
            assert title in [head.strip("¶ \n") for head in heads], f"{client}: {pasted}"


def test_a_lost_reader_gets_somewhere(page: Any, site: Site) -> None:
    page.goto("/404.html")
    links = page.eval_on_selector_all("article a", "all => all.map(a => a.pathname)")
    assert "/operations/health/" in links
    assert page.inner_text("h1") == "Page not found"


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


QUERIES = {
    "openvino": "start-server",
    "modelinfer": "operations/infer-",
    "ModelInfer": "operations/infer-",
    "modelmetadata": "operations/model-metadata",
    "serverlive": "operations/health",
    "v2/health/live": "operations/health",
    "golang": "clients/go-",
    "libcurl": "clients/cpp-libcurl",
    "nlohmann": "clients/cpp-libcurl",
    "c++": "clients/cpp-",
    "grpc": "clients/",
    "rust": "which-client",
    "strings": "operations/infer-strings",
    "bytes": "wire-format",
    "base64": "wire-format",
    "batch": "own-model",
    "two inputs": "operations/infer-simple",
    "timeout": "connection",
    "token": "connection",
    "docker": "start-server",
    "tfs": "migrate",
    "numpy": "operations/infer-array",
    "java image": "operations/infer-image",
    "health curl": "operations/health",
    "python triton": "clients/python-tritonclient",
    "ModelInfer go": "clients/go-",
    "Image parsing failed": "errors",
    "binary_data_size": "wire-format",
    "raw_input_contents": "wire-format",
    "Inference-Header-Content-Length": "wire-format",
    "python": "clients/python-",
    "triton": "clients/",
    "image": "operations/infer-image",
    "string": "operations/infer-strings",
    "deadline": "connection",
    "migrate": "migrate",
    "tensorflow serving": "migrate",
    "authorization": "connection",
    "kubernetes": "start-server",
    "failed to connect to all addresses": "errors",
    "Received message larger than max": "errors",
    "Received HTTP/0.9 when not allowed": "errors",
    "DEADLINE_EXCEEDED": "errors",
}
"""What readers type, and a page that has to be among the first three."""
FIRST = """() => [...document.querySelectorAll('.md-search-result__item')].slice(0, 3)
  .map(item => item.querySelector('a').href)"""


@pytest.mark.parametrize("query", QUERIES)
def test_search_finds(page: Any, query: str) -> None:
    open_page(page, "/")
    page.click(".md-search__input")
    page.keyboard.type(query)
    page.wait_for_selector(".md-search-result__item")
    # The last of the queries that typing made has been answered when its words are shown.
    page.wait_for_function(f"() => ({FIRST})().some(link => link.includes('{QUERIES[query]}'))")


def test_search_reads_what_is_pasted_by_mouse(page: Any) -> None:
    open_page(page, "/")
    page.click(".md-search__input")
    page.evaluate(
        """() => {
          const input = document.querySelector('.md-search__input');
          input.value = 'Image parsing failed';
          input.dispatchEvent(new ClipboardEvent('paste', { bubbles: true }));
        }"""
    )
    page.wait_for_selector(".md-search-result__item")


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

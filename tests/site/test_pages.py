"""The built site: every form of every sample, links, HTML, and what it says of each state."""

import hashlib
import json
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import html5lib
import openapi_spec_validator
import pytest
import yaml
from jsonschema import Draft202012Validator

from samplegen.cli import run
from samplegen.judge.gates.finding import Finding
from samplegen.judge.results.verdicts import Faults, Verdict
from samplegen.schema import schemas
from samplegen.site.book import Book, Sample
from samplegen.site.views import fence
from tests.site import building
from tests.site.building import Site

pytestmark = pytest.mark.processes

FENCE = re.compile(
    r"^(?P<indent> *)(?P<marks>`{3,})(?P<language>\w+)\n(?P<text>.*?)^ *(?P=marks)$", re.M | re.S
)
HTML_CODE = re.compile("<code[^>]*>(.*?)</code>", re.S)
CODE = re.compile(r'<div class="highlight sg-code">.*?<code>(.*?)</code>', re.S)


class Links(HTMLParser):
    """Addresses that a page names, and the anchors that it has."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value is not None and (tag, name) != ("link", "href"):
                self.links.append(value)
            elif name == "id" and value:
                self.anchors.append(value)


def fenced(markdown: str) -> set[str]:
    """The texts of all fenced code blocks, whether in tabs or not."""
    texts = set()
    for match in FENCE.finditer(markdown):
        indent = match["indent"]
        lines = match["text"].split("\n")
        texts.add("\n".join(line.removeprefix(indent) for line in lines))
    return texts


def html_pages(site: Site) -> Iterator[tuple[str, str]]:
    for path in sorted(site.folder.rglob("*.html")):
        yield path.relative_to(site.folder).as_posix(), path.read_text(encoding="utf-8")


# --- One sample, many forms -----------------------------------------------------------------------


def test_every_page_shows_the_complete_samples(site: Site) -> None:
    for operation in site.book.operations:
        html = site.text(f"operations/{operation}/index.html")
        shown = [unescape(re.sub("<.*?>", "", code)) for code in CODE.findall(html)]
        made = [
            s.rendered.text for s in site.book.samples.values() if s.operation.name == operation
        ]
        assert sorted(shown) == sorted(made)


def test_a_program_that_deviates_says_so_wherever_it_is_shown(site: Site) -> None:
    deviating = [s for s in site.book.samples.values() if s.deviation]
    assert {sample.client.name for sample in deviating} == {"cpp/triton-http"}
    for sample in deviating:
        page = f"operations/{sample.operation.name}/index"
        for uri in (f"{page}.html", f"{page}.md", "llms-full.txt", "verification/index.html"):
            assert sample.deviation in unescape(site.text(uri)), uri


def test_downloads_are_the_samples_and_their_data(site: Site) -> None:
    for sample in site.book.samples.values():
        content = (site.folder / "samples" / sample.path).read_bytes()
        assert hashlib.sha256(content).hexdigest() == sample.sha256
        for file in sample.operation.files:
            data = site.book.catalogue.spec.data(file)
            assert (site.folder / "samples/data" / file).read_bytes() == data.read_bytes()


def test_every_plain_form_holds_every_sample(site: Site) -> None:
    everything = fenced(site.text("llms-full.txt"))
    for sample in site.book.samples.values():
        twin = fenced(site.text(f"operations/{sample.operation.name}/index.md"))
        assert sample.rendered.text in twin
        assert sample.rendered.text in everything


def test_a_plain_page_shows_no_code_but_samples_outputs_and_commands(site: Site) -> None:
    for operation in site.book.operations:
        samples = site.book.by_operation[operation]
        expected = {sample.rendered.text for sample in samples}
        expected |= {sample.output for sample in samples if sample.output}
        installs = {fence(sample.client.install.strip(), "sh") for sample in samples}
        expected |= set.union(*map(fenced, installs))
        notes = (fenced(sample.client.install_note) for sample in samples)
        shown = fenced(site.text(f"operations/{operation}/index.md"))
        assert shown == expected.union(*notes)


def test_every_page_has_a_twin_and_is_listed(site: Site) -> None:
    listed = site.text("llms.txt")
    for name, _ in html_pages(site):
        if name != "404.html":
            uri = name.removesuffix(".html") + ".md"
            assert "\n::: " not in re.sub("```.*?```", "", site.text(uri), flags=re.S)
            assert f"/{uri})" in listed


def test_every_link_of_a_plain_page_leads_somewhere(site: Site) -> None:
    broken = []
    texts = [*site.folder.rglob("*.md"), site.folder / "llms.txt", site.folder / "llms-full.txt"]
    for page in texts:
        prose = FENCE.sub("", page.read_text(encoding="utf-8"))
        for link in re.findall(r"\]\(([^()\s]*)\)", re.sub("`.*?`", "", prose)):
            url = urlsplit(link)
            path = url.path.lstrip("/")
            if url.netloc in ("", "127.0.0.1") and not (
                url.netloc and (site.folder / path).is_file()
            ):
                broken.append(f"{page.relative_to(site.folder)}: {link}")
    assert not broken, "\n".join(broken)


def test_a_plain_page_holds_no_markup_of_the_site(site: Site) -> None:
    for page in [*site.folder.rglob("*.md"), site.folder / "llms-full.txt"]:
        prose = re.sub("`.*?`", "", FENCE.sub("", page.read_text(encoding="utf-8")))
        assert not re.search(r"</?(div|section|span|a|br)\b|markdown>|\{ [.#]", prose), page


def test_the_list_for_assistants_is_in_groups(site: Site) -> None:
    text = site.text("llms.txt")
    assert re.findall("^## (.*)", text, re.M) == [
        "Operations", "Clients", "Guides and reference", "Data",
    ]  # fmt: skip
    for line in text.split("## Clients")[0].split("## Operations")[1].strip().splitlines():
        languages = (
            "Python, C++, Java" if "infer-binary" in line else "Python, C++, Java, Go and curl"
        )
        assert languages in line


def test_the_index_tells_digests_verdicts_and_places(site: Site) -> None:
    entries = json.loads(site.text("samples.json"))
    Draft202012Validator(json.loads(schemas()["output/site-samples.json"])).validate(entries)
    assert len(entries) == len(site.book.samples)
    for entry in entries:
        sample = site.book.samples[entry["operation"], entry["client"]]
        path = site.folder / urlsplit(entry["file"]).path.lstrip("/")
        text = path.read_text(encoding="utf-8")
        assert entry["sha256"] == hashlib.sha256(text.encode()).hexdigest()
        assert entry["state"] == "verified"
        assert entry["verdict"]["gates"] == list(building.verdict(sample).gates)
        hosts = [text[v["start"] : v["end"]] for v in entry["values"] if v["name"] == "host"]
        assert set(hosts) == {"localhost"}
        project = (site.folder / urlsplit(entry["project"]).path.lstrip("/")).read_bytes()
        assert entry["project_sha256"] == hashlib.sha256(project).hexdigest()
        page, _, anchor = (
            urlsplit(entry["page"])._replace(scheme="", netloc="").geturl().partition("#")
        )
        assert f'id="{anchor}"' in site.text(f"{page.lstrip('/')}index.html")


def test_a_project_is_what_export_makes(site: Site, tmp_path: Path) -> None:
    for name in ("curl/rest", "go/grpc", "java/http"):
        folder = f"infer-image-{name.replace('/', '-')}"
        with zipfile.ZipFile(site.folder / f"projects/{folder}.zip") as archive:
            archive.extractall(tmp_path)
        exported = tmp_path / "exported" / folder
        arguments = ["export", "infer-image", "--client", name, str(exported)]
        assert run(arguments) == 0
        files = {
            p.relative_to(exported): p.read_bytes() for p in exported.rglob("*") if p.is_file()
        }
        found = tmp_path / folder
        assert files == {
            p.relative_to(found): p.read_bytes() for p in found.rglob("*") if p.is_file()
        }
        # What the page tells to type is what the README of the project says.
        readme = (found / "README.md").read_text(encoding="utf-8")
        shown = unescape(re.sub("<.*?>", "", site.text("operations/infer-image/index.html")))
        assert f"unzip {folder}.zip && cd {folder}\n" in shown
        assert len(fenced(readme)) > 0
        for commands in fenced(readme):
            assert commands.strip() in shown


def test_the_openapi_document_is_valid_and_holds_the_rest_samples(site: Site) -> None:
    document = json.loads(site.text("openapi.json"))
    openapi_spec_validator.validate(document)
    operations = [o for path in document["paths"].values() for o in path.values()]
    sources = {sample["source"] for o in operations for sample in o["x-codeSamples"]}
    samples = site.book.samples.values()
    assert sources == {s.rendered.text for s in samples if s.client.transport == "rest"}
    for operation in operations:
        langs = [sample["lang"] for sample in operation["x-codeSamples"]]
        assert len(langs) == len(set(langs)), "readers of OpenAPI pick a sample by its lang"
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))


def exported(site: Site, folder: Path, *options: str) -> Path:
    """The folder of the export."""
    from samplegen.site.export import main

    config = building.configure(folder, site.book)
    assert main([str(folder / "export"), "--config-file", str(config), *options]) == 0
    return folder / "export"


def test_a_plain_export_has_no_directive_and_every_sample(site: Site, tmp_path: Path) -> None:
    export = exported(site, tmp_path, "--plain")
    for page in export.rglob("*.md"):
        text = re.sub("```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
        assert not re.search("^ *::: ", text, re.M), page
    for sample in site.book.samples.values():
        page = export / "docs/operations" / f"{sample.operation.name}.md"
        assert sample.rendered.text in fenced(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("options", [[], ["--plain"]])
@pytest.mark.parametrize("builder", ["mkdocs", "zensical"])
def test_the_export_builds_without_the_plugin(
    site: Site, tmp_path: Path, builder: str, options: list[str]
) -> None:
    project = exported(site, tmp_path, *options)
    done = subprocess.run(
        [sys.executable, "-m", builder, "build", "--strict"],
        cwd=project,
        env=building.ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    pages = sorted((project / "docs").rglob("*.md"))
    assert len(pages) > len(site.book.operations)
    for page in pages:
        name = page.relative_to(project / "docs").with_suffix("").as_posix()
        file = f"{name}.html" if name.endswith("index") else f"{name}/index.html"
        html = (project / "site" / file).read_text(encoding="utf-8")
        prose = re.sub("<code.*?</code>", "", html, flags=re.S)
        assert "::: samplegen" not in prose, page
        assert '=== "' not in prose, page
        blocks = [unescape(re.sub("<.*?>", "", code)) for code in HTML_CODE.findall(html)]
        for sample in site.book.samples.values():
            if name == f"operations/{sample.operation.name}":
                assert sample.rendered.text in blocks, sample.cell.name


# --- Pages ----------------------------------------------------------------------------------------


def test_every_link_leads_somewhere(site: Site) -> None:
    pages = {f"/{name}": Links(html) for name, html in html_pages(site)}
    broken = []
    for name, page in pages.items():
        for link in page.links:
            url = urlsplit(urljoin(f"http://127.0.0.1{name}", link))
            if url.scheme not in ("http", "https") or url.netloc not in ("127.0.0.1", ""):
                continue
            path = unquote(url.path)
            path += "index.html" if path.endswith("/") else ""
            if not (site.folder / path.lstrip("/")).is_file():
                broken.append(f"{name}: {link}")
            elif url.fragment and path in pages and url.fragment not in pages[path].anchors:
                broken.append(f"{name}: {link}: no such anchor")
    assert not broken, "\n".join(broken)


def test_no_page_names_another_host_but_as_a_link(site: Site) -> None:
    for name, html in html_pages(site):
        fetched = re.findall(
            r'<(?:script|img|link|source|iframe)[^>]+(?:src|href)="(https?:[^"]+)"', html
        )
        assert [u for u in fetched if not u.startswith("http://127.0.0.1/")] == [], name


def test_html_parses_and_repeats_no_anchor(site: Site) -> None:
    for name, html in html_pages(site):
        parser = html5lib.HTMLParser()
        parser.parse(html)
        errors = {code for _, code, _ in parser.errors}
        assert not errors, f"{name}: {[(p, c) for p, c, _ in parser.errors][:5]}"
        repeated = [a for a, n in Counter(Links(html).anchors).items() if n > 1]
        assert repeated == [], name


def test_code_does_not_swell_the_search_index(site: Site) -> None:
    index = site.text("search/texts.json")
    assert "InferenceServerClient" not in index
    for word in (
        "Model Infer",
        "ModelInfer",
        "POST /v2/models/{model}/versions/{version}/infer",
        "Image parsing",
    ):
        assert word in index


def test_search_is_apart_from_the_pages(site: Site) -> None:
    kept = json.loads(site.text("search/search_index.json"))
    assert kept["docs"] == []
    assert kept["config"]["separator"]
    texts = json.loads(site.text("search/texts.json"))
    assert {text["location"] for text in texts} >= {"", "errors/", "operations/health/"}


def test_every_field_tells_where_rest_has_it(site: Site) -> None:
    twin = site.text("operations/infer-array/index.md")
    for row in (
        "| `model_name` | `string` | in the path |",
        "| `inputs` | `repeated InferInputTensor` | `inputs` |",
        "| `inputs[].contents` | `InferTensorContents` | `inputs[].data` |",
        "| `outputs[].parameters` | `map<string, InferParameter>` | `outputs[].parameters` |",
        "| `raw_input_contents` | `repeated bytes` | bytes after the JSON,",
    ):
        assert row in twin
    # Every field means something.
    assert not re.search(r"^\| `[\w.\[\]]+` \|.*\|\s*\|$", twin, re.M)


def test_an_operation_page_names_routes_fields_and_errors(site: Site) -> None:
    html = site.text("operations/infer-image/index.html")
    for word in ("raw_input_contents", "INVALID_ARGUMENT", "Image parsing failed", "412"):
        assert word in html


# --- What may be said of a sample -----------------------------------------------------------------


def said(html: str, path: str) -> tuple[str, str]:
    """The state that the badge of a sample shows, and all text from there to the next badge."""
    badges = html.split('<details class="sg-badge sg-')[1:]
    panel = next(badge for badge in badges if f'samples/{path}"' in badge)
    return panel.partition('"')[0], panel


def page_of(tmp_path: Path, made: Book) -> str:
    return building.build(tmp_path, made).text("operations/health/index.html")


BROKEN = (Finding("it broke"),)
MISSING = (Finding("Go is missing"),)


@pytest.mark.parametrize(
    ("changes", "state", "words", "shows_output"),
    [
        ({}, "verified", "2026-01-02", True),
        ({"not_tried": {"lint": "ruff is missing"}}, "verified", "lint: ruff is missing", True),
        ({"status": "failed", "gate": "run", "findings": BROKEN}, "failed", "run: it broke", False),
        ({"status": "skipped", "findings": MISSING}, "unverified", "Not run for this build", False),
        ({"sha256": "0" * 64}, "stale", "has changed since it was last run", False),
        (
            {"status": "failed", "findings": BROKEN, "sha256": "0" * 64},
            "stale",
            "has changed",
            False,
        ),
        ({"documented_addresses": False}, "verified", "on another address", True),
        (None, "unverified", "Not run for this build", False),
    ],
)
def test_states(
    tmp_path: Path, changes: dict[str, object] | None, state: str, words: str, shows_output: bool
) -> None:
    def judge(sample: Sample) -> object:
        return None if changes is None else building.verdict(sample, **changes)

    html = page_of(tmp_path, building.book(judge=judge))  # type: ignore[arg-type]
    shown, panel = said(html, "python/tritonclient-grpc/health.py")
    assert shown == state
    assert words in panel
    assert ("<samp>" in panel) is shows_output
    if shows_output:
        assert "&lt;b&gt;&amp;amp; as printed&lt;/b&gt;" in panel


SCORES = {
    "judged_at": "2026-01-31T12:00:00+00:00",
    "server": "A server 1.0",
    "gates": ["identity", "run"],
    "languages": [
        {
            "name": "go", "title": "Go", "planted": 2, "caught": 1, "by_gate": {"run": 1},
            "mutants": [
                {
                    "name": "a", "fault": "ignores <errors> | all", "client": "go/grpc",
                    "operation": "health", "expected_gate": "run", "caught_by": "run",
                },
                {
                    "name": "b", "fault": "waits for ever", "client": "go/http",
                    "operation": "health", "expected_gate": "faults", "caught_by": None,
                },
            ],
        },
        {"name": "java", "title": "Java", "planted": 0, "caught": 0, "skipped": "javac is missing"},
    ],
}  # fmt: skip


def test_mutation_scores(tmp_path: Path) -> None:
    scores = tmp_path / "mutants.json"
    scores.write_text(json.dumps(SCORES), encoding="utf-8")
    site = building.build(tmp_path, building.book(), plugin={"mutants": str(scores)})
    html = site.text("verification/index.html")
    assert "<strong>1 of 2</strong> planted faults were caught on 2026-01-31" in html
    assert "<strong>not caught:</strong> waits for ever" in html
    assert "<errors>" not in html
    assert "ignores <errors> | all" in unescape(html)
    assert "javac is missing" in html
    twin = site.text("verification/index.md")
    assert "| Go | waits for ever | `health` × `go/http` | **nothing** |" in twin


def test_without_mutation_scores_nothing_is_claimed(tmp_path: Path) -> None:
    options = {"mutants": str(tmp_path / "none.json")}
    site = building.build(tmp_path, building.book(), plugin=options)
    for page in ("verification/index.html", "verification/index.md"):
        said = " ".join(site.text(page).split())
        assert "The mutation suite was not run where this site was built" in said
        assert "planted faults were caught" not in said


def test_the_last_run_is_told_gate_by_gate(tmp_path: Path) -> None:
    def judge(sample: Sample) -> Verdict | None:
        if sample.client.name == "curl/rest":
            broke = (Finding("<it> broke"),)
            return building.verdict(sample, status="failed", gate="run", findings=broke, gates=())
        if sample.client.name == "go/grpc":
            missing = (Finding("Go is missing"),)
            return building.verdict(sample, status="skipped", findings=missing, gates=())
        return building.verdict(sample)

    html = building.build(tmp_path, building.book(judge=judge)).text("verification/index.html")
    rows = dict(re.findall(r'<tr id="([\w-]+)">(.*?)</tr>', html))
    passed = rows["health--python-tritonclient-grpc"]
    assert passed.count("<td>✓</td>") == 5
    assert "2026-01-02" in passed
    failed = rows["health--curl-rest"]
    assert "<td>✓</td>" not in failed
    assert "run: &lt;it&gt; broke" in failed
    # Readers are not told what the builder's machine lacks.
    assert "Go is missing" not in rows["health--go-grpc"]
    assert "✓" not in rows["health--go-grpc"]


def test_a_badge_tells_the_other_server_and_the_faults(tmp_path: Path) -> None:
    def judge(sample: Sample) -> Verdict:
        told = Faults(("server down", "empty answer"), "2026-01-01T00:00:00+00:00")
        return building.verdict(sample, other_server="Another server 2", faults=told)

    panel = said(page_of(tmp_path, building.book(judge=judge)), "curl/rest/health.sh")[1]
    assert "one that gives other answers" in panel
    assert "Another server 2" not in panel
    assert "A server 1.0 (self-reported)" in panel
    assert "2: server down, empty answer" in panel


def test_a_stale_sample_folder_fails_a_strict_build(tmp_path: Path) -> None:
    samples = tmp_path / "samples"
    samples.mkdir()
    config = building.configure(tmp_path, building.book(), plugin={"samples": str(samples)})
    done = building.mkdocs("build", "--strict", "--config-file", config)
    assert done.returncode != 0
    assert "is not fresh; run samplegen generate" in done.stderr


# --- Other plugins, and places of a directive -----------------------------------------------------

PLACES = """# Title

=== "By program"

    ::: samplegen health

=== "By hand"

    Say hello.

!!! example

    ::: samplegen health

1. First this:

    ::: samplegen health

> ::: samplegen-matrix

- A list

    ::: samplegen-calls health
"""


def project(tmp_path: Path, page: str, hook: str = "") -> dict[str, object]:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text(page, encoding="utf-8")
    options: dict[str, object] = {"docs_dir": str(docs), "nav": None}
    if hook:
        path = tmp_path / "hook.py"
        path.write_text(f"from mkdocs.plugins import event_priority\n\n{hook}", encoding="utf-8")
        options["hooks"] = [str(path)]
    return options


def test_a_directive_may_stand_in_a_tab_an_admonition_a_list_or_a_quotation(
    tmp_path: Path,
) -> None:
    made = building.book()
    site = building.build(tmp_path, made, strict=False, **project(tmp_path, PLACES))
    html = site.text("index.html")
    samples = made.by_operation["health"]
    assert len(CODE.findall(html)) == 3 * len(samples)
    assert ":::" not in html
    for place in ('<div class="admonition example">', "<ol>", "<blockquote>"):
        assert html.split(place)[1].index("sg-") < 400
    parser = html5lib.HTMLParser()
    parser.parse(html)
    assert not parser.errors
    repeated = [a for a, n in Counter(Links(html).anchors).items() if n > 1]
    assert repeated == []
    assert ":::" not in re.sub("```.*?```", "", site.text("index.md"), flags=re.S)


UNQUOTE = r"""
@event_priority(100)
def on_post_page(output, page, config):
    import re
    return re.sub(r'<div id="([\w-]+)"></div>', r"<div  id=\1 ></div>", output)
"""
DROP = """
@event_priority(100)
def on_post_page(output, page, config):
    import re
    return re.sub(r'<div id="samplegen-block-0"></div>', "", output)
"""


def test_a_plugin_that_minifies_before_ours_changes_nothing(tmp_path: Path) -> None:
    made = building.book()
    options = project(tmp_path, "# T\n\n::: samplegen health\n", UNQUOTE)
    html = building.build(tmp_path, made, strict=False, **options).text("index.html")
    assert len(CODE.findall(html)) == len(made.by_operation["health"])


@pytest.mark.parametrize(
    ("page", "hook", "error"),
    [
        ("::: samplegen health", DROP, "'::: samplegen health': its block is not on the page once"),
        (
            "<div>\n<p>x ::: samplegen health</p>\n</div>",
            "",
            "index.md:4: found '<p>x ::: samplegen health</p>'",
        ),
        ("<section>\n::: samplegen-options\n</section>", "", "is the row of a table"),
        ("| a | b |\n|---|---|\n| c | d |\n\n| e | f |", "", "'| e | f |' is the row of a table"),
        ("Text.\n\n    ::: samplegen health", "", "index.md:5: '::: samplegen health' is indented"),
    ],
)
def test_what_a_page_cannot_show_fails_the_build(
    tmp_path: Path, page: str, hook: str, error: str
) -> None:
    assert error in failed_build(tmp_path, **project(tmp_path, f"# T\n\n{page}\n", hook))


# --- Mistakes -------------------------------------------------------------------------------------


def failed_build(tmp_path: Path, **options: object) -> str:
    config = building.configure(tmp_path, building.book(), **options)
    done = building.mkdocs("build", "--config-file", config)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    return done.stderr


def test_an_unknown_operation_fails_the_build_at_its_line(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text(
        "---\ntitle: T\n---\n\n# T\n\n```\n::: samplegen nothing\n```\n\n::: samplegen infer-aray\n"
    )
    error = failed_build(tmp_path, docs_dir=str(docs), nav=None)
    assert "index.md:11: no operation 'infer-aray'; did you mean 'infer-array'?" in error


def test_a_broken_spec_fails_the_build_at_its_line(tmp_path: Path) -> None:
    spec = tmp_path / "spec"
    spec.mkdir()
    (spec / "broken.yaml").write_text("title: T\nsumary: S\n")
    error = failed_build(tmp_path, plugin={"spec": [str(spec)]})
    assert "broken.yaml:2:1" in error


def test_damaged_verdicts_fail_the_build(tmp_path: Path) -> None:
    config = building.configure(tmp_path, building.book())
    (tmp_path / "verdicts.json").write_text("[{")
    done = building.mkdocs("build", "--config-file", config)
    assert done.returncode != 0
    assert "not a file of verdicts" in done.stderr


def test_damaged_scores_fail_the_build(tmp_path: Path) -> None:
    (tmp_path / "mutants.json").write_text('{"languages": 5}')
    error = failed_build(tmp_path, plugin={"mutants": str(tmp_path / "mutants.json")})
    assert "not a file of mutation scores" in error


def test_an_output_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    error = failed_build(tmp_path, site_dir=str(tmp_path / "file/site"))
    assert f"{tmp_path / 'file/site'}: the site cannot be written there: Not a directory" in error


def test_a_project_with_nothing_but_the_plugin_builds_strictly(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text("# Ours\n\n::: samplegen-matrix\n\n::: samplegen health\n")
    config = {
        "site_name": "Ours",
        "site_url": "http://127.0.0.1/",
        "theme": {"name": "material", "font": False},
        "plugins": ["search", "samplegen"],
        "markdown_extensions": ["tables", {"pymdownx.tabbed": {"alternate_style": True}}],
    }
    (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump(config))
    done = building.mkdocs("build", "--strict", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    assert "sg-samples" in html
    assert "Not run for this build" in html
    for page in (tmp_path / "site").rglob("*.html"):
        links = Links(page.read_text(encoding="utf-8")).links
        assert not [link for link in links if "verification" in link or "errors" in link], page


def test_a_hand_written_page_takes_the_place_of_the_made_one(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    (docs / "operations").mkdir(parents=True)
    (docs / "index.md").write_text("# T\n")
    (docs / "operations/health.md").write_text("# By hand\n\n::: samplegen health\n")
    site = building.build(tmp_path, building.book(), strict=False, docs_dir=str(docs), nav=None)
    html = site.text("operations/health/index.html")
    assert "By hand" in html
    assert "sg-samples" in html
    assert (site.folder / "operations/infer-array/index.html").is_file()

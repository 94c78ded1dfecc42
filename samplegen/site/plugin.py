"""The mkdocs plugin `samplegen`: what happens at which event of a build."""

import functools
import os
import re
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from mkdocs.config import config_options as c
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin, event_priority, get_plugin_logger
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from samplegen import faults
from samplegen.catalogue import Catalogue
from samplegen.errors import Problem, SamplegenError
from samplegen.files import write_file
from samplegen.judge.results import verdicts
from samplegen.resources import shown, spec_layers, template_layers
from samplegen.settings import settings
from samplegen.site import (
    blocks,
    check,
    given,
    head,
    lazysearch,
    machine,
    openapi,
    pages,
    projects,
    scores,
    search,
)
from samplegen.site.blocks import PLACEHOLDER, Block, Blocks, problem_box
from samplegen.site.book import Book
from samplegen.site.compiled import Compiled
from samplegen.site.directives import expand
from samplegen.site.escaping import html
from samplegen.site.plain import Plain
from samplegen.site.program import Programs
from samplegen.site.views import OPERATIONS, client_page

log = get_plugin_logger("samplegen")

ASSETS = Path(__file__).parent / "assets"
_ID = re.compile(r'\bid="([^"]+)"')
_INSTALL = re.compile(r"(?P<line>^[ \t]*)?pip install 'samplegen\[(?P<extra>\w+)\]'", re.MULTILINE)
PAGE_ASSETS = ("samples.css", "samples.js")
"""Those that every page names."""


class SamplegenConfig(Config):  # type: ignore[no-untyped-call]  # mkdocs' own
    """Options of the plugin in mkdocs.yml; paths are relative to that file.

    The first three are by default those of the `samplegen.yaml` beside it.
    """

    spec = c.ListOfItems(c.Dir(exists=True), default=[])
    """Own spec folders, uppermost first."""
    templates = c.ListOfItems(c.Dir(exists=True), default=[])
    """Own template folders, uppermost first."""
    samples = c.Optional(c.Dir())
    """The committed samples; the site warns when they are not those it shows."""
    verdicts = c.File(default="build/verdicts.json")
    """What `samplegen verify` has written."""
    mutants = c.File(default="build/mutants.json")
    """The mutation scores of the judge; the site says so when there are none."""
    errors = c.Optional(c.File(exists=True))
    """What can go wrong at the server; without it pages list no errors."""
    lazy_search = c.Type(bool, default=False)
    """Whether readers fetch the search of mkdocs-material only when they search."""
    projects = c.Type(bool, default=True)
    """Whether each sample has a project to download: the ZIP file of what `export` makes."""
    server = c.Type(str, default="")
    """What the samples are judged against, in words; empty: only its own name is shown."""
    start = c.Type(str, default="")
    """The command that starts a server for the samples; empty: readers have one."""
    package = c.Type(str, default="")
    """How samplegen is installed, such as `samplegen[{extra}]`, in place of that on the pages."""
    image = c.Type(str, default="")
    """A picture of the docs folder that previews of links show."""


class SamplegenPlugin(BasePlugin[SamplegenConfig]):  # type: ignore[no-untyped-call]  # mkdocs' own
    """Shows samples on the pages of a mkdocs site."""

    def __init__(self) -> None:
        self._command = "build"
        self._samples = Path()
        self._book: Book | None = None
        """The last one that could be read."""
        self._problems: list[Problem] = []
        """What is wrong with the spec, the clients or the templates now."""
        self._blocks: dict[str, list[Block]] = {}
        """Page to its blocks."""
        self._archives: dict[str, bytes] = {}
        """Name to content of the projects."""
        self._keywords: dict[str, str] = {}
        """Address of a page to words that a search should find it by."""
        self._twins: dict[str, machine.Twin] = {}
        """Page to its plain form."""
        self._twin_addresses: dict[str, str] = {}
        """Page to the address of its plain form."""
        self._compiled = Compiled()
        self._order: list[str] = []
        """The pages as the navigation has them."""

    @property
    def book(self) -> Book:
        """What there is to show, once the configuration has been read."""
        if self._book is None:
            raise PluginError("\n".join(str(problem) for problem in self._problems))
        return self._book

    def on_startup(self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
        """Tells mkdocs to keep this object while it serves, and so the last book."""
        self._command = command

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Reads spec, templates and verdicts, and renders all samples."""
        own = self._own_folders(config)
        layers = (*spec_layers(own[0]).folders, *template_layers(own[1]).folders)
        config.watch += [str(folder) for folder in layers]
        config.extra_css.insert(0, "assets/samplegen/samples.css")
        config.extra_javascript.insert(0, "assets/samplegen/samples.js")
        self._blocks, self._twins, self._problems = {}, {}, []
        self._archives, self._keywords = {}, {}
        try:
            errors = faults.read(Path(self.config.errors)) if self.config.errors else ()
            kept = verdicts.read(Path(self.config.verdicts))
            scored = scores.read(Path(self.config.mutants))
            self._book = Book(Catalogue(*own), kept, errors, scored)
            self._problems = [p for problems in self._book.problems.values() for p in problems]
        except SamplegenError as error:
            self._problems = list(error.problems)
        self._report(self._problems)
        if "attr_list" not in config.markdown_extensions:
            config.markdown_extensions.append("attr_list")  # the errors' headings have anchors
        if not config.site_url and os.environ.get("CI"):
            log.warning(
                "site_url is not set, so links for search engines and machines lead nowhere"
            )
        return config

    def _own_folders(self, config: MkDocsConfig) -> list[list[Path]]:
        """The own folders of specs and of templates; keeps that of the samples.

        Raises:
            PluginError: `samplegen.yaml` has mistakes.
        """
        try:
            kept = settings(Path(config.config_file_path).parent)
        except SamplegenError as error:
            raise PluginError(str(error)) from error
        self._samples = Path(self.config.samples or kept.samples)
        spec, templates = self.config.spec or kept.spec, self.config.templates or kept.templates
        return [list(map(Path, spec)), list(map(Path, templates))]

    def on_serve(
        self, server: LiveReloadServer, *, config: MkDocsConfig, builder: Any
    ) -> LiveReloadServer:
        """Watches the folders of verdicts and scores: such a file is replaced as a whole."""
        for folder in {Path(self.config[key]).parent for key in ("verdicts", "mutants")}:
            if folder.is_dir():
                server.watch(str(folder), recursive=False)
        return server

    def on_pre_build(self, *, config: MkDocsConfig) -> None:
        """Tells an output folder that cannot be written, which mkdocs finds out late."""
        folder = Path(config.site_dir)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            what = f"{shown(folder)}: the site cannot be written there: {error.strerror}"
            raise PluginError(f"{what}; name another folder as site_dir") from error

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Adds the operations' pages, the samples as they are shown, and our style and script."""
        for name in PAGE_ASSETS:
            uri = f"assets/samplegen/{name}"
            files.append(File.generated(config, uri, abs_src_path=str(ASSETS / name)))
        if self._book is None:
            return files
        book = self._book
        made = {
            f"{OPERATIONS}/{operation.name}.md": pages.operation_page(book, operation)
            for operation in book.operations.values()
        }
        made |= {client_page(c): pages.client_page(book, c) for c in book.clients.values()}
        for uri, text in made.items():
            if files.get_file_from_path(uri) is None:
                files.append(File.generated(config, uri, content=text))
        for uri, content in {**self._published(book), **self._packed(book)}.items():
            committed = files.get_file_from_path(uri)
            if committed is not None:
                files.remove(committed)
            files.append(File.generated(config, uri, content=content))
        if config.nav is not None:
            config.nav = pages.with_pages(config.nav, book)
        return files

    def on_nav(self, nav: Navigation, *, config: MkDocsConfig, files: Files) -> Navigation:
        """Keeps the order in which machines are told of the pages, and where their twins are."""
        self._order = [page.file.src_uri for page in nav.pages]
        root = config.site_url or "/"
        pages = files.documentation_pages()
        others = {f.src_uri: f"{root}{f.url}" for f in files if not f.is_documentation_page()}
        self._twin_addresses = others | {f.src_uri: f"{root}{_twin_uri(f)}" for f in pages}
        return nav

    def on_env(self, env: Any, *, config: MkDocsConfig, files: Files) -> Any:
        """Hands the theme's compiled templates on to the next build."""
        env.bytecode_cache = self._compiled
        return env

    def on_page_markdown(
        self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files
    ) -> str:
        """Expands directives; those that hold code leave a placeholder."""
        source = page.file.src_uri
        problems = list(self._problems)
        if self.config.package:
            markdown = _installing(markdown, self.config.package)
        made: list[Block] = []
        if self._book is not None:
            programs = Programs(_addresses(page, files), self.config.server, self.config.start)
            view = Blocks(self._book, source, programs)
            path = shown(Path(page.file.abs_src_path or source))
            original = markdown
            markdown, mistakes = expand(original, path, _first_line(page), view)
            self._report(mistakes)
            problems += mistakes
            made = view.blocks
            self._twins[source] = self._twin(self._book, original, page)
            self._keywords[page.url] = str(page.meta.get("keywords") or "")
        if problems:
            markdown = f"{PLACEHOLDER.format(len(made))}\n\n{markdown}"
            made.append(Block(problem_box(problems), "what is wrong"))
        self._blocks[source] = made
        return markdown

    def on_page_content(self, html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        """Finds the places of the blocks; refuses a page that would show its own Markdown."""
        made = self._blocks.get(page.file.src_uri, [])
        if page.present_anchor_ids is not None:
            page.present_anchor_ids |= {i for block in made for i in _ID.findall(block.html)}
        self._check(page, partial(check.shown, html))
        return self._check(page, partial(blocks.mark, html, made)) or html

    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """Puts the blocks in; the search plugin has read the page without them."""
        made = self._blocks.get(page.file.src_uri, [])
        output = self._check(page, partial(blocks.fill, output, made)) or output
        twin = self._twins.get(page.file.src_uri)
        if twin is None:
            return output
        output = _with_twin(output, get_relative_url(twin.uri, page.url), page.is_homepage)
        image = self.config.image and f"{config.site_url}{self.config.image}"
        described = head.Described(
            str(page.meta.get("title") or page.title),
            str(page.meta.get("description") or config.site_description or ""),
            config.site_name,
            page.canonical_url or "",
            image if config.site_url else "",
        )
        return head.with_data(output, described)

    def on_post_template(
        self, output_content: str, *, template_name: str, config: MkDocsConfig
    ) -> str:
        """Gives a lost reader somewhere to go."""
        if template_name != "404.html" or self._book is None:
            return output_content
        root = urlsplit(config.site_url or "/").path
        links = [(root, config.site_name)]
        links += [
            (f"{root}{OPERATIONS}/{name}/", operation.title)
            for name, operation in self._book.operations.items()
        ]
        return head.not_found(output_content, links)

    def _check(self, page: Page, step: Callable[[], str | None]) -> str | None:
        """Takes a step; what is wrong with the page is an error of the build, at its file."""
        try:
            return step()
        except SamplegenError as error:
            path = shown(Path(page.file.abs_src_path or page.file.src_uri))
            self._report([Problem(problem.message, path) for problem in error.problems])
            return None

    @event_priority(-100)  # after the search plugin has written its index
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Writes what machines read."""
        if self._book is None:
            return
        root = config.site_url or "/"
        twins = [self._twins[source] for source in self._order if source in self._twins]
        file = self._book.catalogue.spec.openapi
        own = file and given.name(file)
        texts = {
            **{twin.uri: twin.text for twin in twins},
            "llms.txt": machine.llms(
                config.site_name, config.site_description or "", root, twins, own or "openapi.json"
            ),
            "llms-full.txt": machine.llms_full(twins),
            machine.INDEX: machine.index(self._book, root, self._archives),
        }
        site = Path(config.site_dir)
        if config.site_url and not (site / "robots.txt").exists():
            texts["robots.txt"] = head.robots(root)
        keywords = {
            f"{OPERATIONS}/{name}/": search.words_of(self._book, name)
            for name in self._book.operations
        }
        try:
            if file is None:
                texts["openapi.json"] = openapi.document(self._book, root)
            else:
                texts |= given.files(self._book, file)
            for uri, text in texts.items():
                write_file(site / uri, text.encode())
            search.enrich(site, self._book, {**self._keywords, **keywords}, OPERATIONS)
            if self.config.lazy_search:
                lazysearch.defer(site, (ASSETS / "search.js").read_bytes())
        except SamplegenError as error:
            raise PluginError(str(error)) from error

    def _twin(self, book: Book, markdown: str, page: Page) -> machine.Twin:
        """The page as plain Markdown, with links to the other pages' plain forms."""
        source = page.file.src_uri
        plain = Plain(book, source, tabs=False)
        text, _ = expand(markdown, Path(source), 1, plain)
        text = machine.plain(text, source, self._twin_addresses)
        description = str(page.meta.get("description") or "")
        return machine.Twin(_twin_uri(page.file), _title(page), description, text)

    def _packed(self, book: Book) -> dict[str, bytes]:
        """Address below the site to content, of every project."""
        if not self.config.projects:
            return {}
        made = filter(projects.has_project, book.samples.values())
        self._archives = {projects.archive(s): projects.packed(book, s) for s in made}
        return {f"{projects.PROJECTS}/{name}": data for name, data in self._archives.items()}

    def _published(self, book: Book) -> dict[str, bytes]:
        """Address below the site to content, of every sample and its data."""
        folder = self._samples
        published: dict[str, bytes] = {}
        for name, path in book.catalogue.spec.named_protos.items():
            published[f"samples/{name}"] = path.read_bytes()
        for sample in book.samples.values():
            content = sample.rendered.text.encode()
            published[f"samples/{sample.path}"] = content
            kept = folder / sample.path
            if folder.is_dir() and (not kept.is_file() or kept.read_bytes() != content):
                log.warning("%s is not fresh; run samplegen generate", shown(kept))
            for file in sample.operation.files:
                published[f"samples/data/{file}"] = book.catalogue.spec.data(file).read_bytes()
        return published

    def _report(self, problems: list[Problem]) -> None:
        """Fails a build; while serving, an error raised here would make the page hang."""
        if not problems:
            return
        if self._command != "serve":
            raise PluginError("\n".join(str(problem) for problem in problems))
        for problem in problems:
            log.error("%s", problem)


def _addresses(page: Page, files: Files) -> Callable[[str], str | None]:
    @functools.cache
    def address(uri: str) -> str | None:
        """The relative address of a file of the docs folder on the page."""
        file = files.get_file_from_path(uri)
        return get_relative_url(file.url, page.url) if file is not None else None

    return address


def _twin_uri(file: File) -> str:
    return file.dest_uri.removesuffix(".html") + ".md"


def _first_line(page: Page) -> int:
    """The line of the page's file on which its Markdown begins, below the front matter."""
    source = page.file.content_string
    body = (page.markdown or "").strip("\n")
    return source[: source.rfind(body)].count("\n") + 1


def _title(page: Page) -> str:
    """The heading of a page, whatever the navigation calls it."""
    return str(page.meta.get("title") or page.title)


def _with_twin(output: str, href: str, at_the_end: bool) -> str:
    """A page with a link to its plain form below its heading, and a button that copies it."""
    links = (
        f'<p class="sg-twin"><button type="button" data-twin="{html(href)}" hidden>'
        f'Copy page as Markdown</button> <a href="{html(href)}">View as Markdown</a></p>'
    )
    end = "</article>" if at_the_end else "</h1>"
    before, found, after = output.partition(end)
    if not found:
        return output
    return f"{before}{links}{end}{after}" if at_the_end else f"{before}{end}{links}{after}"


def _installing(markdown: str, package: str) -> str:
    """A page that says how samplegen is installed today."""

    def line(match: re.Match[str]) -> str:
        wanted = package.replace("{extra}", match["extra"])
        note = "" if match["line"] is None or wanted[0] != "." else "  # in a clone of the source"
        return f"{match['line'] or ''}pip install '{wanted}'{note}"

    return _INSTALL.sub(line, markdown)

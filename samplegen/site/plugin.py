"""The mkdocs plugin `samplegen`: what happens at which event of a build."""

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

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

from samplegen.catalogue import Catalogue
from samplegen.errors import Problem, SamplegenError
from samplegen.files import write_file
from samplegen.judge.results import verdicts
from samplegen.resources import shown, spec_layers, template_layers
from samplegen.settings import settings
from samplegen.site import faults, lazysearch, machine, openapi, pages, scores
from samplegen.site.blocks import PLACEHOLDER, Blocks, problem_box
from samplegen.site.book import Book
from samplegen.site.compiled import Compiled
from samplegen.site.directives import expand
from samplegen.site.plain import Plain
from samplegen.site.views import OPERATIONS

log = get_plugin_logger("samplegen")

ASSETS = Path(__file__).parent / "assets"
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


class SamplegenPlugin(BasePlugin[SamplegenConfig]):  # type: ignore[no-untyped-call]  # mkdocs' own
    """Shows samples on the pages of a mkdocs site."""

    def __init__(self) -> None:
        self._command = "build"
        self._samples = Path()
        self._book: Book | None = None
        """The last one that could be read."""
        self._problems: list[Problem] = []
        """What is wrong with the spec, the clients or the templates now."""
        self._slots: dict[str, list[str]] = {}
        """Page to the HTML of its blocks."""
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
        self._slots, self._twins, self._problems = {}, {}, []
        try:
            errors = faults.read(Path(self.config.errors)) if self.config.errors else ()
            kept = verdicts.read(Path(self.config.verdicts))
            scored = scores.read(Path(self.config.mutants))
            self._book = Book(Catalogue(*own), kept, errors, scored)
            self._problems = [p for problems in self._book.problems.values() for p in problems]
        except SamplegenError as error:
            self._problems = list(error.problems)
        self._report(self._problems)
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
        for operation in self._book.operations.values():
            uri = f"{OPERATIONS}/{operation.name}.md"
            if files.get_file_from_path(uri) is None:
                content = pages.operation_page(operation)
                files.append(File.generated(config, uri, content=content))
        for uri, sample in self._published(self._book).items():
            committed = files.get_file_from_path(uri)
            if committed is not None:
                files.remove(committed)
            files.append(File.generated(config, uri, content=sample))
        if config.nav is not None:
            config.nav = pages.with_operations(config.nav, list(self._book.operations.values()))
        return files

    def on_nav(self, nav: Navigation, *, config: MkDocsConfig, files: Files) -> Navigation:
        """Keeps the order in which machines are told of the pages, and where their twins are."""
        self._order = [page.file.src_uri for page in nav.pages]
        root = config.site_url or "/"
        pages = files.documentation_pages()
        self._twin_addresses = {file.src_uri: f"{root}{_twin_uri(file)}" for file in pages}
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
        slots = self._slots[source] = []
        if self._book is not None:
            address = _addresses(page, files)
            blocks = Blocks(self._book, source, address)
            path = shown(Path(page.file.abs_src_path or source))
            original = markdown
            markdown, mistakes = expand(original, path, _first_line(page), blocks)
            self._report(mistakes)
            problems += mistakes
            slots += blocks.slots
            twin = self._twins[source] = self._twin(self._book, original, page)
            markdown += f"\n\n{PLACEHOLDER.format(len(slots))}\n"
            href = get_relative_url(twin.uri, page.url)
            slots.append(f'<p class="sg-twin"><a href="{href}">This page as Markdown</a></p>')
        if problems:
            markdown = f"{PLACEHOLDER.format(len(slots))}\n\n{markdown}"
            slots.append(problem_box(problems))
        return markdown

    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """Puts the blocks in; the search plugin has read the page without them."""
        for number, block in enumerate(self._slots.get(page.file.src_uri, ())):
            output = output.replace(PLACEHOLDER.format(number), block, 1)
        return output

    @event_priority(-100)  # after the search plugin has written its index
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Writes what machines read."""
        if self._book is None:
            return
        root = config.site_url or "/"
        twins = [self._twins[source] for source in self._order if source in self._twins]
        texts = {
            **{twin.uri: twin.text for twin in twins},
            "llms.txt": machine.llms(config.site_name, config.site_description or "", root, twins),
            "llms-full.txt": machine.llms_full(twins),
            machine.INDEX: machine.index(self._book, root),
            "openapi.json": openapi.document(self._book, root),
        }
        try:
            for uri, text in texts.items():
                write_file(Path(config.site_dir, uri), text.encode())
            if self.config.lazy_search:
                lazysearch.defer(Path(config.site_dir), (ASSETS / "search.js").read_bytes())
        except SamplegenError as error:
            raise PluginError(str(error)) from error

    def _twin(self, book: Book, markdown: str, page: Page) -> machine.Twin:
        """The page as plain Markdown, with links to the other pages' plain forms."""
        source = page.file.src_uri
        plain = Plain(book, source, tabs=False)
        text, _ = expand(
            markdown,
            Path(source),
            1,
            plain,
            lambda line: machine.with_links(line, source, self._twin_addresses),
        )
        description = str(page.meta.get("description") or "")
        return machine.Twin(_twin_uri(page.file), str(page.title), description, text.strip() + "\n")

    def _published(self, book: Book) -> dict[str, bytes]:
        """Address below the site to content, of every sample and its data."""
        folder = self._samples
        published: dict[str, bytes] = {}
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

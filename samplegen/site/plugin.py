"""The mkdocs plugin `samplegen`: what happens at which event of a build."""

from pathlib import Path
from typing import Any, Literal

from mkdocs.config import config_options as c
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin, get_plugin_logger
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page as MkDocsPage
from mkdocs.utils import get_relative_url

from samplegen.errors import Problem, SamplegenError, UsageError, nearest
from samplegen.judge import verdicts
from samplegen.resources import shown, spec_layers, template_layers
from samplegen.samples import Catalogue
from samplegen.site import pages
from samplegen.site.blocks import Page, problem_box
from samplegen.site.book import Book
from samplegen.site.directives import expand

log = get_plugin_logger("samplegen")

ASSETS = Path(__file__).parent / "assets"
OPERATIONS = "operations"
"""The folder of the operations' pages; in `nav`, `operations/*` stands for all of them."""

PLACEHOLDER = '<div id="samplegen-block-{}"></div>'

VIEWS = ("", "install", "matrix", "calls", "values")
"""What may follow `::: samplegen-`; nothing stands for the samples of an operation."""


class SamplegenConfig(Config):  # type: ignore[no-untyped-call]  # mkdocs' own
    """Options of the plugin in mkdocs.yml."""

    spec = c.ListOfItems(c.Dir(exists=True), default=[])
    """Own spec folders, uppermost first."""
    templates = c.ListOfItems(c.Dir(exists=True), default=[])
    """Own template folders, uppermost first."""
    samples = c.Dir(default="site/samples")
    """The committed samples; the site warns when they are not those it shows."""
    verdicts = c.File(default="build/verdicts.json")
    """What `samplegen verify` has written."""


class SamplegenPlugin(BasePlugin[SamplegenConfig]):  # type: ignore[no-untyped-call]  # mkdocs' own
    """Shows samples on the pages of a mkdocs site."""

    def __init__(self) -> None:
        self._command = "build"
        self._book: Book | None = None
        """The last one that could be read."""
        self._problems: list[Problem] = []
        """What is wrong with the spec or the clients now."""
        self._blocks: dict[str, list[str]] = {}
        """Page to the HTML of its blocks, in the order of their placeholders."""

    def on_startup(self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
        """Tells mkdocs to keep this object while it serves, and so the last book."""
        self._command = command

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Reads spec, templates and verdicts, and renders all samples."""
        own = [[Path(folder) for folder in self.config[key]] for key in ("spec", "templates")]
        layers = (*spec_layers(own[0]).folders, *template_layers(own[1]).folders)
        config.watch += [str(folder) for folder in layers]
        config.extra_css.insert(0, "assets/samplegen/samples.css")
        config.extra_javascript.insert(0, "assets/samplegen/samples.js")
        self._blocks = {}
        self._problems = []
        try:
            self._book = Book(Catalogue(*own), verdicts.read(Path(self.config.verdicts)))
        except SamplegenError as error:
            self._problems = list(error.problems)
        else:
            self._problems = [p for problems in self._book.problems.values() for p in problems]
        self._report(self._problems)
        return config

    def on_serve(
        self, server: LiveReloadServer, *, config: MkDocsConfig, builder: Any
    ) -> LiveReloadServer:
        """Watches the folder of the verdicts: the judge replaces the file as a whole."""
        folder = Path(self.config.verdicts).parent
        if folder.is_dir():
            server.watch(str(folder), recursive=False)
        return server

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Adds the operations' pages, the samples as they are shown, and our style and script."""
        for asset in sorted(ASSETS.iterdir()):
            uri = f"assets/samplegen/{asset.name}"
            files.append(File.generated(config, uri, abs_src_path=str(asset)))
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
            config.nav = _with_operations(config.nav, list(self._book.operations))
        return files

    def on_page_markdown(
        self, markdown: str, *, page: MkDocsPage, config: MkDocsConfig, files: Files
    ) -> str:
        """Expands directives; those that hold code leave a placeholder."""
        if self._book is None:
            return markdown
        book = self._book
        root = get_relative_url(".", page.url).rstrip("/")
        blocks = Page(book, root)
        path = shown(Path(page.file.abs_src_path or page.file.src_uri))
        shown_operations = []

        def view(name: str, argument: str) -> str:
            if name not in VIEWS:
                raise UsageError(f"no view {name!r}; {nearest(name, VIEWS)}")
            if name == "matrix":
                return pages.matrix(book, page.file.src_uri, root)
            if name == "values":
                return self._placeholder(page, blocks.values())
            operation = book.operation(argument) if argument or name != "install" else None
            if operation is None:
                return self._placeholder(page, blocks.install(None))
            if name == "install":
                return self._placeholder(page, blocks.install(operation))
            if name == "calls":
                return pages.calls(operation)
            shown_operations.append(operation)
            form = blocks.values() if len(shown_operations) == 1 else ""
            return self._placeholder(page, form + blocks.samples(operation))

        text, problems = expand(markdown, path, _first_line(page, markdown), view)
        self._report(problems)
        problems = [*self._problems, *problems]
        if problems:
            text = f"{text}\n\n{self._placeholder(page, problem_box(problems))}\n"
        return text

    def on_post_page(self, output: str, *, page: MkDocsPage, config: MkDocsConfig) -> str:
        """Puts the blocks in; the search plugin has read the page without them."""
        for number, block in enumerate(self._blocks.get(page.file.src_uri, ())):
            output = output.replace(PLACEHOLDER.format(number), block)
        return output

    def _placeholder(self, page: MkDocsPage, block: str) -> str:
        """What stands in the Markdown for `block`."""
        blocks = self._blocks.setdefault(page.file.src_uri, [])
        blocks.append(block)
        return PLACEHOLDER.format(len(blocks) - 1)

    def _published(self, book: Book) -> dict[str, bytes]:
        """Address below the site to content, of every sample and its data."""
        folder = Path(self.config.samples)
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


def _first_line(page: MkDocsPage, markdown: str) -> int:
    """The line of the page's file on which its Markdown begins, below the front matter."""
    source = page.file.content_string
    return source[: source.rfind(markdown.strip("\n"))].count("\n") + 1


def _with_operations(nav: Any, names: list[str]) -> Any:
    """The navigation with `operations/*` replaced by the operations' pages."""
    if isinstance(nav, list):
        expanded: list[Any] = []
        for item in nav:
            if item == f"{OPERATIONS}/*":
                expanded += [f"{OPERATIONS}/{name}.md" for name in names]
            else:
                expanded.append(_with_operations(item, names))
        return expanded
    if isinstance(nav, dict):
        return {title: _with_operations(value, names) for title, value in nav.items()}
    return nav

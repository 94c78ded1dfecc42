"""Writes the site so that other builders than mkdocs, such as Zensical, can build it.

`python -m samplegen.site.export build/export` writes `build/export/mkdocs.yml` and the pages below
`build/export/docs`. Every directive has become what it stands for: HTML, a line each, which
Markdown hands on as it is; with `--plain`, and within tabs and lists, plain tabbed Markdown.
"""

import argparse
import functools
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml
from mkdocs.config import load_config
from mkdocs.exceptions import ConfigurationError, PluginError
from mkdocs.structure.files import File, Files, get_files
from mkdocs.utils import get_relative_url
from mkdocs.utils.meta import get_data
from mkdocs.utils.yaml import yaml_load

from samplegen.errors import SamplegenError
from samplegen.files import write_file
from samplegen.site.blocks import PLACEHOLDER, Blocks
from samplegen.site.directives import expand
from samplegen.site.plain import Plain
from samplegen.site.plugin import PAGE_ASSETS, SamplegenPlugin
from samplegen.site.program import Programs

_OURS = ("docs_dir", "site_dir", "watch")
"""Settings of mkdocs.yml that speak of the folders it came from."""


_BLOCK = re.compile("^" + PLACEHOLDER.format(r"(\d+)") + "$", re.MULTILINE)
_RAW = str.maketrans({"\n": "&#10;", "\t": "&#9;"})
"""What Markdown would change in HTML; a line alone is handed on as it is."""


def export(config_file: Path, output: Path, *, plain: bool = False) -> int:
    """Writes the export; returns how many pages it has.

    Args:
        config_file: The mkdocs.yml of the site.
        output: The folder to write.
        plain: Whether pages hold no HTML for programs, but Markdown alone.

    Raises:
        SamplegenError: A page has a mistake, or a file cannot be written.
        PluginError: The spec or a template has a mistake.
    """
    config = load_config(str(config_file))
    plugin = config.plugins["samplegen"]
    assert isinstance(plugin, SamplegenPlugin)  # noqa: S101  (the name is that of our entry point)
    config.plugins.on_startup(command="build", dirty=False)
    config = config.plugins.on_config(config)
    files = config.plugins.on_files(get_files(config), config=config)
    pages = 0
    for file in files:
        content = file.content_bytes
        if file.is_documentation_page():
            source = content.decode()
            body = get_data(source)[0]
            head = source[: source.rfind(body)] if body else source
            content = (
                head + _page(plugin, file, files, body, head.count("\n") + 1, plain)
            ).encode()
            pages += 1
        write_file(output / "docs" / file.src_uri, content)
    settings = _settings(config_file)
    for key, name in zip(("extra_css", "extra_javascript"), PAGE_ASSETS, strict=True):
        settings[key] = [f"assets/samplegen/{name}", *settings.get(key, [])]
    if config.nav is not None:
        settings["nav"] = config.nav
    write_file(output / "mkdocs.yml", yaml.safe_dump(settings, sort_keys=False).encode())
    return pages


def _page(
    plugin: SamplegenPlugin, file: File, files: Files, body: str, first_line: int, plain: bool
) -> str:
    """A page whose directives have been replaced.

    Raises:
        SamplegenError: With every mistake of the page.
    """
    markdown = Plain(plugin.book, file.src_uri, tabs=True)
    programs = Programs(_addresses(file, files), plugin.config.server, plugin.config.start)
    blocks = Blocks(plugin.book, file.src_uri, programs)
    view = markdown if plain else blocks
    # Markdown takes HTML at the beginning of lines only.
    text, problems = expand(body, Path(file.src_uri), first_line, view, indented=markdown)
    if problems:
        raise SamplegenError(*problems)
    return _BLOCK.sub(lambda match: blocks.blocks[int(match[1])].html.translate(_RAW), text)


def _addresses(page: File, files: Files) -> Callable[[str], str | None]:
    @functools.cache
    def address(uri: str) -> str | None:
        """The relative address of a file of the docs folder on the page."""
        file = files.get_file_from_path(uri)
        return get_relative_url(file.url, page.url) if file is not None else None

    return address


def _settings(config_file: Path) -> dict[str, Any]:
    """The settings of mkdocs.yml without the plugin and without its folders."""
    with config_file.open(encoding="utf-8") as stream:
        settings = yaml_load(stream)
    plugins = [p for p in settings.pop("plugins", []) if "samplegen" not in (p, *_keys(p))]
    return {
        **{name: value for name, value in settings.items() if name not in _OURS},
        "plugins": plugins,
    }


def _keys(plugin: object) -> list[str]:
    return list(plugin) if isinstance(plugin, dict) else []


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m samplegen.site.export",
        description="Write the site for other builders than mkdocs, such as Zensical.",
    )
    parser.add_argument("output", type=Path, help="the folder to write")
    parser.add_argument("--config-file", type=Path, default=Path("mkdocs.yml"))
    parser.add_argument("--plain", action="store_true", help="Markdown alone, without HTML")
    options = parser.parse_args(arguments)
    try:
        pages = export(options.config_file, options.output, plain=options.plain)
    except (SamplegenError, PluginError, ConfigurationError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{pages} pages in {options.output}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

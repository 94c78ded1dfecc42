"""Writes the site as plain tabbed Markdown, which other builders than mkdocs can read, too.

`python -m samplegen.site.export build/export` writes `build/export/mkdocs.yml` and the pages below
`build/export/docs`, in which every directive has become the Markdown that it stands for.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from mkdocs.config import load_config
from mkdocs.exceptions import ConfigurationError, PluginError
from mkdocs.structure.files import get_files
from mkdocs.utils.meta import get_data
from mkdocs.utils.yaml import yaml_load

from samplegen.errors import SamplegenError
from samplegen.files import write_file
from samplegen.site.directives import expand
from samplegen.site.plain import Plain
from samplegen.site.plugin import SamplegenPlugin

_OURS = ("docs_dir", "site_dir", "watch")
"""Settings of mkdocs.yml that speak of the folders it came from."""


def export(config_file: Path, output: Path) -> int:
    """Writes the export; returns how many pages it has.

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
    book = plugin.book
    pages = 0
    for file in files:
        if file.src_uri.startswith("assets/samplegen/"):
            continue
        content = file.content_bytes
        if file.is_documentation_page():
            source = content.decode()
            body = get_data(source)[0]
            head = source[: source.rfind(body)] if body else source
            view = Plain(book, file.src_uri, tabs=True)
            text, problems = expand(body, Path(file.src_uri), head.count("\n") + 1, view)
            if problems:
                raise SamplegenError(*problems)
            content = (head + text).encode()
            pages += 1
        write_file(output / "docs" / file.src_uri, content)
    settings = _settings(config_file)
    if config.nav is not None:
        settings["nav"] = config.nav
    write_file(output / "mkdocs.yml", yaml.safe_dump(settings, sort_keys=False).encode())
    return pages


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
        description="Write the site as plain tabbed Markdown.",
    )
    parser.add_argument("output", type=Path, help="the folder to write")
    parser.add_argument("--config-file", type=Path, default=Path("mkdocs.yml"))
    options = parser.parse_args(arguments)
    try:
        pages = export(options.config_file, options.output)
    except (SamplegenError, PluginError, ConfigurationError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{pages} pages in {options.output}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

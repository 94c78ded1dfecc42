"""The pictures that the README opens with, made from the real thing.

`python -m tests.site.pictures` judges an operation in a terminal, builds the site with these
verdicts, and writes light and dark pictures of both: of the terminal's text, and of the
operation's page in a headless browser.
"""

import io
import os
import pty
import subprocess
import sys
import tempfile
import termios
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from samplegen.catalogue import Catalogue
from samplegen.judge.results import verdicts
from samplegen.site.book import Book
from tests.site import building
from tests.site.conftest import FLAGS, chromium_path

FOLDER = building.ROOT / "site/assets/pictures"
OPERATION = "infer-array"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
COLUMNS, ROWS = 110, 50
WIDTH, HEIGHT = 1200, 630
"""Of the page's picture: that of previews of links."""
THEMES = {
    "light": TerminalTheme(
        (255, 255, 255),
        (28, 39, 51),
        [
            (28, 39, 51), (179, 38, 30), (8, 112, 76), (133, 83, 0),
            (11, 92, 171), (122, 53, 156), (0, 110, 120), (85, 97, 110),
        ],
    ),
    "dark": TerminalTheme(
        (17, 25, 35),
        (227, 233, 240),
        [
            (24, 35, 48), (255, 157, 148), (74, 222, 159), (243, 189, 102),
            (130, 189, 255), (220, 176, 245), (120, 214, 222), (227, 233, 240),
        ],
    ),
}  # fmt: skip
"""The colours of the site."""
SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">
<style>
.{unique_id}-matrix {{ font: {char_height}px ui-monospace, Menlo, Consolas, monospace; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""Rich's picture of a terminal without a font from another host."""


def make(folder: Path, clients: Sequence[str] = ()) -> list[Path]:
    """Writes the pictures; returns their files.

    Args:
        folder: Where.
        clients: Those that are judged; none named, all.
    """
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        command = ["samplegen", "verify", OPERATION, "--verbose"]
        command += [word for client in clients for word in ("--client", client)]
        text = typed([*command, "--verdicts", str(work / "verdicts.json")])
        book = Book(Catalogue(), verdicts.read(work / "verdicts.json"))
        site = building.build(work, book)
        folder.mkdir(parents=True, exist_ok=True)
        made = [drawn(" ".join(command), text, scheme, folder) for scheme in SCHEMES]
        with building.served(site.folder) as address:
            made += photographed(f"{address}/operations/{OPERATION}/", folder)
    return made


def typed(command: Sequence[str]) -> str:
    """What a command prints to a terminal, with its colours."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (ROWS, COLUMNS))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "TERM": "xterm-256color"}
    env.pop("NO_COLOR", None)
    process = subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE, env=env)
    os.close(theirs)
    printed = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # Linux says so when the other side has closed the terminal
            break
        if not data:
            break
        printed += data
    os.close(ours)
    stderr = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 0, stderr
    return printed.decode().replace("\r\n", "\n")


def drawn(command: str, text: str, scheme: str, folder: Path) -> Path:
    """The picture of a terminal in which a command has printed a text."""
    shown = Text.from_ansi(f"\x1b[1m$ {command}\x1b[0m\n{text.rstrip()}")
    width = max(len(line.rstrip()) for line in shown.plain.splitlines())
    console = Console(record=True, width=width, file=io.StringIO())
    console.print(shown, soft_wrap=True)
    svg = console.export_svg(
        title="", theme=THEMES[scheme], code_format=SVG, unique_id=f"terminal-{scheme}"
    )
    path = folder / f"run-{scheme}.svg"
    path.write_text(svg, encoding="utf-8")
    return path


def photographed(url: str, folder: Path) -> list[Path]:
    """The picture of a page's first screen in a real browser, in both schemes."""
    from playwright.sync_api import sync_playwright

    made = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        for scheme in SCHEMES:
            view = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            view.emulate_media(color_scheme=scheme)
            view.goto(url)
            view.wait_for_selector(".md-code__button", state="attached")
            path = folder / f"operation-{scheme}.png"
            view.screenshot(path=path)
            made.append(path)
        browser.close()
    return made


if __name__ == "__main__":
    for path in make(FOLDER, sys.argv[1:]):
        print(f"{path.relative_to(building.ROOT)}: {path.stat().st_size / 1000:.0f} kB")

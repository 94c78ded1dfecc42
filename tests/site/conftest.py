"""The built site, and a real browser to look at it."""

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import missing
from tests.site import building

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium_path() -> str:
    """The browser's program."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        missing("there is no browser; sudo apt install chromium")
    return path


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> building.Site:
    """The site of the repository, every sample of it passed by a made-up judge."""
    return building.build(tmp_path_factory.mktemp("site"), building.book())


@pytest.fixture(scope="session")
def address(site: building.Site) -> Iterator[str]:
    with building.served(site.folder) as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless browser. While it is there an event loop runs, so other files have none of it."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is missing; pip install playwright")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The folder of what comes from npm, with a `node` on the path."""
    folder = Path(__file__).parent / "node/node_modules"
    if not folder.is_dir() or shutil.which("node") is None:
        missing("what comes from npm is missing; make site-tools")
    return folder


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core."""
    spec = importlib.util.find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        missing("axe-core is missing; pip install axe-playwright-python")
    return Path(spec.origin).with_name("axe.min.js").read_text(encoding="utf-8")

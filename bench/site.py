"""How much CPU time the site takes to build, how heavy its pages are, how soon it follows a change.

Builds the site of the repository, and one of 500 operations in 12 clients, each in a process of its
own. Weighs an operation's page with all 12 clients in a headless Chromium, with gzip as a web
server would use it. Times a change of a template until `mkdocs serve` shows it. Runs Lighthouse on
the start page and on the heaviest operation's page, as a desktop and as a phone.

Bars: 3 s and 15 s of CPU time, 100 kB and 2,500 DOM nodes, 1.5 s; Lighthouse 100 in all categories,
98 for the performance on a phone. Ends with status 1 if one is missed. Lighthouse's performance
follows the load of the machine: measure it on one that is idle.
"""

import argparse
import functools
import gzip
import http.server
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
OPERATIONS, CLIENTS = 500, 12
REPEATS = 3
COMPRESSED = {".html", ".css", ".js", ".svg", ".json"}
ENVIRONMENT = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}


LIGHTHOUSE = ROOT / "tests/site/node/node_modules/lighthouse/cli/index.js"
CATEGORIES = {"performance", "accessibility", "best-practices", "seo"}
missed: list[str] = []


def main(parts: list[str]) -> int:
    """Measures, and prints a line for each bar; returns the exit status."""
    print(f"load average of the last minute: {os.getloadavg()[0]:.1f}")
    for name, measure in MEASURES.items():
        if name in parts:
            with tempfile.TemporaryDirectory() as folder:
                measure(Path(folder))
    print(f"missed: {', '.join(missed)}" if missed else "all bars met")
    return 1 if missed else 0


def report(what: str, value: float, bar: float, unit: str, *, least: bool = False) -> None:
    """Prints a value beside its bar: what it may be at most or, with `least`, at least."""
    met = value >= bar if least else value <= bar
    if not met:
        missed.append(what)
    share = f"{value / bar:.0%} of the bar {bar:g}"
    print(f"{'met ' if met else 'MISS'} {what:46} {value:8.1f} {unit:6} {share}", flush=True)


def build(folder: Path) -> None:
    real = cpu_seconds(ROOT / "mkdocs.yml", folder / "real")
    report("build, real catalogue", real, 3, "s")
    own = folder / "own"
    clone_clients(own / "templates")
    clone_operations(own / "spec", OPERATIONS)
    big = configure(folder, "big", spec=own / "spec", templates=own / "templates")
    title = f"build, {OPERATIONS} operations × {CLIENTS} clients"
    report(title, cpu_seconds(big, folder / "big"), 15, "s")


def weight(folder: Path) -> None:
    clones = clone_clients(folder / "templates")
    wide = configure(folder, "wide", templates=folder / "templates")
    cpu_seconds(wide, folder / "wide")
    weigh(folder / "wide", clones)


def reload(folder: Path) -> None:
    report("a template's change is served after", reload_seconds(folder / "live"), 1.5, "s")


def lighthouse(folder: Path) -> None:
    """The median score of each category, of two pages in two sizes."""
    site = folder / "site"
    cpu_seconds(ROOT / "mkdocs.yml", site)
    with served(site) as address:
        for path in ("/", f"/{heaviest(site).parent.relative_to(site).as_posix()}/"):
            for size in ("desktop", "phone"):
                runs = [audit(address + path, size, folder / "report.json") for _ in range(REPEATS)]
                for category in sorted(CATEGORIES):
                    score = sorted(run[category] for run in runs)[REPEATS // 2]
                    bar = 98 if (category, size) == ("performance", "phone") else 100
                    report(f"{category}, {size}, {path}", score, bar, "", least=True)


def audit(url: str, size: str, output: Path) -> dict[str, float]:
    """Lighthouse's score of each category, 0 to 100."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
    command = ["node", str(LIGHTHOUSE), url, "--quiet", "--output=json", f"--output-path={output}"]
    command += [f"--only-categories={','.join(sorted(CATEGORIES))}"]
    command += ["--chrome-flags=--headless=new --no-sandbox --disable-gpu"]
    command += ["--preset=desktop"] if size == "desktop" else []
    subprocess.run(command, check=True, env={**os.environ, "CHROME_PATH": chromium}, timeout=180)
    categories = json.loads(output.read_text(encoding="utf-8"))["categories"]
    return {name: 100 * category["score"] for name, category in categories.items()}


class Compressing(http.server.SimpleHTTPRequestHandler):
    """Answers as a web server does: compressed, and on connections that stay."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        if path.suffix in COMPRESSED:
            content = gzip.compress(content, 6)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The address of a web server of the site."""
    handler = functools.partial(Compressing, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def heaviest(site: Path) -> Path:
    """The largest of the operations' pages."""
    return max(site.glob("operations/*/index.html"), key=lambda path: path.stat().st_size)


def cpu_seconds(config: Path, output: Path) -> float:
    """User and system time of one build."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet"]
    folders = ["--config-file", str(config), "--site-dir", str(output)]
    subprocess.run([*command, *folders], check=True, cwd=ROOT, env=ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def configure(folder: Path, name: str, **own: Path) -> Path:
    """A mkdocs.yml like that of the repository, with spec or templates of its own."""
    plugin = {
        **{key: [str(path)] for key, path in own.items()},
        # The committed samples are those of the repository; there is nothing to compare with.
        "samples": str(folder / "none"),
        "errors": str(ROOT / "site/errors.yaml"),
        "verdicts": str(ROOT / "build/verdicts.json"),
        "lazy_search": True,
    }
    config = {
        "INHERIT": str(ROOT / "mkdocs.yml"),
        "docs_dir": str(ROOT / "site"),
        "watch": [],
        "plugins": ["search", {"samplegen": plugin}],
    }
    path = folder / f"{name}.yml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def clone_clients(folder: Path) -> str:
    """Copies real clients into languages of their own until there are 12; names the last."""
    folder.mkdir(parents=True)
    real = sorted((ROOT / "templates").glob("*/*/client.yaml"))
    for number in range(len(real), CLIENTS):
        original = real[number % len(real)].parent
        language = folder / f"language{number}"
        shutil.copytree(original, language / "client")
        described = yaml.safe_load((original.parent / "language.yaml").read_text(encoding="utf-8"))
        described["title"] = f"Language {number}"
        (language / "language.yaml").write_text(yaml.safe_dump(described), encoding="utf-8")
        client = yaml.safe_load((original / "client.yaml").read_text(encoding="utf-8"))
        client |= {"tab": f"language {number}", "order": 200 + number}
        (language / "client/client.yaml").write_text(yaml.safe_dump(client), encoding="utf-8")
        for template in (language / "client").glob("[!_]*.jinja"):
            # A text of its own: equal programs would be coloured once for all.
            block = "{% block call %}"
            text = template.read_text(encoding="utf-8")
            template.write_text(text.replace(block, f"{block}\n# language {number}", 1))
    return f"{max(CLIENTS, len(real))} clients"


def clone_operations(folder: Path, count: int) -> None:
    """Copies the real operations until there are `count`, each with a text of its own."""
    folder.mkdir(parents=True)
    real = [path for path in sorted((ROOT / "spec").glob("*.yaml")) if path.name != "api.yaml"]
    for number in range(count - len(real)):
        original = yaml.safe_load(real[number % len(real)].read_text(encoding="utf-8"))
        original["title"] += f" {number}"
        original["summary"] += f" Number {number}."
        if "model" in original:
            original["model"] += f"-{number}"
        for tensor in original.get("inputs", ()):
            if "data" in tensor:
                tensor["data"] = [number + index for index in range(len(tensor["data"]))]
        path = folder / f"operation-{number}.yaml"
        path.write_text(yaml.safe_dump(original, sort_keys=False), encoding="utf-8")


def weigh(site: Path, clients: str) -> None:
    """Bytes on the wire and nodes of the heaviest operation's page."""
    page = heaviest(site)
    files = {page}

    def answer(route: object, request: object) -> None:
        path = site / str(request.url).split("/", 3)[3].split("?")[0]  # type: ignore[attr-defined]
        path = path / "index.html" if path.is_dir() else path
        files.add(path)
        route.fulfill(path=path)  # type: ignore[attr-defined]

    from playwright.sync_api import sync_playwright

    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"]
        )
        view = browser.new_page()
        view.route("**/*", answer)
        view.goto(f"http://site.test/{page.parent.relative_to(site).as_posix()}/")
        view.wait_for_timeout(1000)
        nodes = view.evaluate("document.querySelectorAll('*').length")
        browser.close()
    title = f"{page.parent.name}, {clients}"
    report(f"wire, {title}", sum(map(wire_size, files)) / 1000, 100, "kB")
    report(f"DOM, {title}", nodes, 2500, "nodes")


def wire_size(path: Path) -> int:
    content = path.read_bytes()
    return len(gzip.compress(content, 6)) if path.suffix in COMPRESSED else len(content)


def reload_seconds(folder: Path) -> float:
    """The median time from saving a template until the served page shows it."""
    shutil.copytree(ROOT / "templates", folder / "templates")
    config = configure(folder, "live", templates=folder / "templates")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [sys.executable, "-m", "mkdocs", "serve", "--livereload", "--dev-addr", address]
    process = subprocess.Popen(
        [*command, "--quiet", "--config-file", config], cwd=ROOT, env=ENVIRONMENT
    )
    try:
        url = f"http://{address}/operations/health/"
        wait_for(url, "sg-code")
        template = folder / "templates/curl/rest/health.sh.jinja"
        text = template.read_text(encoding="utf-8")
        times = []
        for number in range(REPEATS):
            time.sleep(1)
            started = time.monotonic()
            changed = text.replace("server live", f"server live {number}")
            template.write_text(changed, encoding="utf-8")
            wait_for(url, f"server live {number}")
            times.append(time.monotonic() - started)
        return sorted(times)[REPEATS // 2]
    finally:
        process.terminate()
        process.wait()


def wait_for(url: str, text: str) -> None:
    while True:
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310
                if text in answer.read().decode():
                    return
        except OSError:
            pass
        time.sleep(0.02)


MEASURES = {"build": build, "weight": weight, "reload": reload, "lighthouse": lighthouse}


def parts(arguments: Sequence[str]) -> list[str]:
    """What the command line asks for; ends the program if that is help or wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = [*MEASURES]
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"{', '.join(known)}; default: all"
    )
    asked: list[str] = parser.parse_args(arguments).parts
    if unknown := set(asked) - MEASURES.keys():
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    return asked or known


if __name__ == "__main__":
    sys.exit(main(parts(sys.argv[1:])))

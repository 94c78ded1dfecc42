"""The files of a drafted project."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from samplegen.drafting.contracts import FOLDER, Given
from samplegen.drafting.operations import Draft
from samplegen.drafting.serving import Place
from samplegen.render.clients import Client
from samplegen.render.literals import markdown
from samplegen.yamltext import block, comment, flow

_FILES = Path(__file__).parent / "files"
_DEADLINE = 5


def files(
    given: Given, title: str, drafts: Sequence[Draft], clients: Sequence[Client], place: Place
) -> dict[str, bytes]:
    """The files of a project by their paths: the contract as it is, and all that is made of it."""
    found = {f"spec/{FOLDER}/{name}": path.read_bytes() for name, path in given.files.items()}
    texts = {"spec/api.yaml": _api(given, title, clients, place)}
    texts |= {f"spec/{draft.name}.yaml": draft.text for draft in drafts}
    values = {
        "title": markdown.text(title),
        "site_name": block(title),
        "install": "".join(f"      - run: {block(line)}\n" for line in _installs(clients, place)),
    }
    for path in sorted(_FILES.rglob("*.*")):
        name = path.relative_to(_FILES).as_posix()
        texts[_placed(name)] = Template(path.read_text(encoding="utf-8")).substitute(values)
    return found | {name: text.encode() for name, text in texts.items()}


def _placed(name: str) -> str:
    """Where a file of `files` goes: some would mean something where they are kept."""
    moved = {"samples.yml": ".github/workflows/samples.yml", "ignored.txt": ".gitignore"}
    return moved.get(name, name)


def _installs(clients: Sequence[Client], place: Place) -> Iterator[str]:
    """The commands that install what samples need, each once."""
    lines = [needed.install for client in clients for needed in client.requirements]
    for line in dict.fromkeys(lines):
        yield line.replace("apt install", "apt-get install --yes")


def _api(given: Given, title: str, clients: Sequence[Client], place: Place) -> str:
    lines = [
        "# What all operations share. Every key is explained by `samplegen schema`.",
        f"title: {block(title)}",
        f"summary: {block(comment(given.contract.api_summary, 300) or f'The API of {title}.')}",
        *_contract(given),
        "",
        *_block("connection", place.connection),
        f"deadline: {_DEADLINE}",
        "",
        *_server(title, place),
        "",
        f"clients: {flow([client.name for client in clients])}",
    ]
    return "".join(f"{line}\n" for line in lines)


def _contract(given: Given) -> list[str]:
    if given.openapi:
        return [f"openapi: {block(f'{FOLDER}/{given.openapi}')}"]
    proto = given.proto[0] if len(given.proto) == 1 else given.proto
    return [f"proto: {block(proto)}", f"include: [{FOLDER}]"]


def _block(name: str, values: Mapping[str, Any]) -> list[str]:
    return [f"{name}:", *(f"  {key}: {block(value)}" for key, value in values.items())]


def _install(program: str) -> str:
    """What to type when a program is not there."""
    if program == "{python}":
        return "pip install samplegen"
    return f"the command that installs {program}; write it into spec/api.yaml, at server.install"


def _server(title: str, place: Place) -> Iterator[str]:
    """The server; without a command, what to write in its place."""
    yield "# Any program that serves the API; the judge starts it, asks it and ends it."
    yield "server:"
    yield f"  title: {block(f'the server of {title}')}"
    if place.command:
        yield f"  command: {flow(place.command)}"
        yield f"  install: {block(_install(place.command[0]))}"
    else:
        ports = [f"{{{name}}}" for name in place.ports]
        yield f"  command: {flow(['the-command-that-starts-it', *ports])}  # fill this in"
        yield "  install: write the command that starts it into spec/api.yaml, at server.command"
    if place.ready:
        yield f"  ready: {block(place.ready)}"
    else:
        yield "  # ready: /health  # a path that answers 200 once it can serve"

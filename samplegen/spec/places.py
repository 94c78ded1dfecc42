"""What is filled into the settings of a server: ports, folders, an interpreter."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches

from samplegen.spec.api import Ready, Server, Version
from samplegen.yamlfile import Mistakes

_PLACE = re.compile(r"{([^{}\n]*)}")
_PORT = re.compile(r"port:[a-z][a-z0-9_]*")
_LIKE_A_PLACE = re.compile(r"[a-z_]+(:[^\s\"']*)?")
"""Other braces, such as those of JSON or of a shell, are text."""
_EXTRA_PORT = "port:NAME"


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with values in their places; all other braces stay."""
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), text)


def filled_server(server: Server, values: Mapping[str, str]) -> Server:
    """The server with values in the places of its texts."""

    def each(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(filled(text, values) for text in texts)

    def named(texts: Mapping[str, str]) -> dict[str, str]:
        return {name: filled(text, values) for name, text in texts.items()}

    ready, version = server.ready, server.version
    return replace(
        server,
        command=each(server.command),
        env=named(server.env),
        files=named(server.files),
        ready=ready and replace(ready, command=each(ready.command)),
        version=version and replace(version, command=each(version.command)),
    )


def extra_ports(server: Server) -> tuple[str, ...]:
    """The places of further ports, such as `port:peer`."""
    texts = (*server.command, *server.env.values(), *server.files.values())
    found = (place for text in texts for place in _PLACE.findall(text) if _PORT.fullmatch(place))
    return tuple(sorted({*found}))


def needs_folder(server: Server) -> bool:
    """Whether something is to be made before the server starts, and removed after it."""
    texts = (*server.command, *server.env.values())
    return bool(server.files or extra_ports(server)) or any("{work}" in text for text in texts)


def server_mistakes(server: Server, ports: Collection[str]) -> Mistakes:
    """What is wrong about the settings of a server, by place below `server`.

    Args:
        server: As `api.yaml` has it.
        ports: The names of those of the connection.
    """
    own = {"python", "spec", *ports}
    if not server.command:
        yield ("command",), "found an empty list; expected a program and its arguments"
    for name, texts, known in (
        ("command", server.command, {*own, "work", _EXTRA_PORT}),
        ("record", server.record, {"record"}),
        ("other", server.other, {"spec"}),
    ):
        for index, text in enumerate(texts):
            yield from (((name, index), message) for message in _unknown(text, known))
    for key, text in server.env.items():
        for message in _unknown(text, {*own, "work", _EXTRA_PORT}):
            yield ("env", key), message
    for file, text in server.files.items():
        for place in sorted({*_PLACE.findall(text)} - {*own, "work"}):
            near = get_close_matches(place, [*own, "work"], cutoff=0.75)
            if near and not _PORT.fullmatch(place):  # a file may have braces of its own
                yield ("files", file), f"found {{{place}}}; did you mean {{{near[0]}}}?"
    if server.metadata is not None and "rest_port" not in ports:
        yield ("metadata",), _NO_REST
    if server.metadata is not None and server.version is not None:
        yield ("version",), "found 'version' beside 'metadata'; leave one of them out"
    for asked_name, asked in (("ready", server.ready), ("version", server.version)):
        if asked is not None:
            for location, message in _asked(asked, own, ports):
                yield (asked_name, *location), message


_NO_REST = "expected 'rest_port' in the connection, too: it is asked over REST"


def _asked(asked: Ready | Version, known: set[str], ports: Collection[str]) -> Mistakes:
    if (asked.path is None) == (not asked.command):
        yield (), "expected exactly one of 'path' and 'command'"
    if asked.path is not None and "rest_port" not in ports:
        yield (), _NO_REST
    if asked.command and isinstance(asked, Ready) and (asked.body or asked.status != 200):
        yield (), "'status' and 'body' are of a path; leave them out beside 'command'"
    for index, text in enumerate(asked.command):
        yield from ((("command", index), message) for message in _unknown(text, known))
    name = "body" if isinstance(asked, Ready) else "pattern"
    try:
        re.compile(getattr(asked, name) or "")
    except (re.error, OverflowError, RecursionError) as error:
        yield (name,), f"not a regular expression: {error}"


def _unknown(text: str, known: set[str]) -> Iterator[str]:
    """What is wrong about the places of a text."""
    found = {place for place in _PLACE.findall(text) if _LIKE_A_PLACE.fullmatch(place)}
    for place in sorted(found - known):
        if _PORT.fullmatch(place) and _EXTRA_PORT in known:
            continue
        expected = ", ".join(f"{{{word}}}" for word in sorted(known))
        yield f"found {{{place}}}; expected one of {expected}"

"""The files of MediaPipe graphs, protobuf's text format, as far as they are one inference."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from google.protobuf.message import DecodeError

from samplegen_server.proto import graph_pb2 as pb

SESSION = "OpenVINOModelServerSessionCalculator"
INFERENCE = "OpenVINOInferenceCalculator"
CALCULATORS = (SESSION, INFERENCE)
"""A graph has one of each: the first names the model, the second asks it."""

SIDE_PACKET = "SESSION"
"""The tag of what the first gives to the second; no other side packet is supported."""

OTHER_PACKETS = (
    "MPTENSOR",
    "REQUEST",
    "RESPONSE",
    "TENSOR",
    "TFTENSOR",
    "TFLITE_TENSOR",
    "OVMS_PY_TENSOR",
    "IMAGE",
    "OVTENSORS",
)
"""How tags begin whose packets are no single tensors of OpenVINO."""

MAX_SERVABLE_VERSION = 2**32 - 1

_COMMENT = re.compile(r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|#.*""")
"""A comment, or a string, in which a # begins none."""
_CALCULATOR = re.compile(r"""\bcalculator\s*:\s*["']([^"'\n]*)["']""")
_QUEUE = re.compile(r"^\s*#\s*OVMS_GRAPH_QUEUE_MAX_SIZE\s*:\s*(\S+)\s*$", re.MULTILINE)
_TAG = re.compile(r"[A-Z_][A-Z0-9_]*")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")


class GraphError(ValueError):
    """A graph file cannot be used; the text is one line that says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A graph of one inference."""

    servable_name: str
    """The model that is asked."""
    servable_version: int | None
    """None leaves the choice to the server."""
    inputs: Mapping[str, str]
    """The graph's input streams, in the file's order, to the model's input that each feeds."""
    outputs: Mapping[str, str]
    """The graph's output streams, likewise, to the model's output that each gives."""


def read(path: Path) -> Plan:
    """Read a graph file.

    Raises:
        GraphError: It cannot be read, is no graph, or is a graph of another kind.
    """
    try:
        text = path.read_text()
    except (OSError, ValueError) as error:  # of what is no UTF-8, in the file or in its path
        raise GraphError(f"{path}: {error}") from error
    try:
        return parse(text)
    except GraphError as error:
        raise GraphError(f"{path}: {error}") from error


def parse(text: str) -> Plan:
    """Read a graph file's text.

    Raises:
        GraphError: It is no graph, or one of another kind.
    """
    # Before parsing: what is wrong with the options of another calculator does not matter.
    for calculator in _CALCULATOR.findall(_COMMENT.sub(r"\1", text)):
        if calculator not in CALCULATORS:
            raise GraphError(f"{calculator} is not supported, only {' and '.join(CALCULATORS)}")
    if (queue := _QUEUE.search(text)) and queue[1] != "0":
        raise GraphError("OVMS_GRAPH_QUEUE_MAX_SIZE is not supported, remove it or set it to 0")
    config = pb.CalculatorGraphConfig()
    try:
        text_format.Parse(text, config)
    except text_format.ParseError as error:
        raise GraphError(f"no graph that is supported: {error}") from error
    counts = Counter(node.calculator for node in config.node)
    for calculator in CALCULATORS:
        if counts[calculator] != 1:
            raise GraphError(f"{counts[calculator]} nodes of {calculator}, expected one")
    nodes = {node.calculator: node for node in config.node}
    return _plan(config, nodes[SESSION], nodes[INFERENCE])


def _plan(config: Any, session: Any, inference: Any) -> Plan:
    served = _options(session, pb.OpenVINOModelServerSessionCalculatorOptions)
    if not served.servable_name:
        raise GraphError(f'{SESSION} has no "servable_name"')
    _check_session(session, inference)
    options = _options(inference, pb.OpenVINOInferenceCalculatorOptions)
    fed = _tensors(inference.input_stream, options.tag_to_input_tensor_names, "input")
    given = _tensors(inference.output_stream, options.tag_to_output_tensor_names, "output")
    inputs, outputs = _streams(config.input_stream), _streams(config.output_stream)
    if not inputs or not outputs:
        raise GraphError("a graph needs an input_stream and an output_stream")
    for name in fed.keys() - set(inputs):
        raise GraphError(f"{INFERENCE} takes {name!r}, which is no input_stream of the graph")
    for name in fed.keys() & given.keys():
        raise GraphError(f"{INFERENCE} takes and gives a stream of one name, {name!r}")
    for name in inputs:
        if name not in fed:
            raise GraphError(f"{INFERENCE} does not take the graph's input_stream {name!r}")
    for name in outputs:
        if name not in given:
            raise GraphError(f"{INFERENCE} does not give the graph's output_stream {name!r}")
    return Plan(
        servable_name=served.servable_name,
        servable_version=_version(served.servable_version),
        inputs={name: fed[name] for name in inputs},
        outputs={name: given[name] for name in outputs},
    )


def _check_session(session: Any, inference: Any) -> None:
    """Does the one node give its session to the other, and neither anything else?"""
    for node in (session, inference):
        side_packets = (*node.input_side_packet, *node.output_side_packet)
        for packet in side_packets:
            if _split(packet)[0] != SIDE_PACKET:
                raise GraphError(
                    f"side packet {packet!r} of {node.calculator} is not supported, only "
                    f"{SIDE_PACKET}:name"
                )
        if len(side_packets) > 1:
            raise GraphError(f"{node.calculator} has {len(side_packets)} side packets, expected 1")
    for stream in (*session.input_stream, *session.output_stream):
        raise GraphError(f"stream {stream!r}: {SESSION} has none")
    if not session.output_side_packet or not inference.input_side_packet:
        raise GraphError(f"{INFERENCE} does not take the session that {SESSION} gives")
    if _split(session.output_side_packet[0])[1] != _split(inference.input_side_packet[0])[1]:
        raise GraphError(f"{INFERENCE} does not take the session that {SESSION} gives")


def _options(node: Any, kind: Any) -> Any:
    """A node's options, in either of the two forms MediaPipe knows."""
    given = [*node.node_options, *(extension for extension, _ in node.options.ListFields())]
    if len(given) > 1:
        raise GraphError(f"{node.calculator} has options {len(given)} times, expected once")
    for packed in node.node_options:
        options = kind()
        try:
            if packed.Unpack(options):
                return options
        except DecodeError as error:
            raise GraphError(f"{node.calculator} has options that cannot be read") from error
        raise GraphError(f"{node.calculator} has options of {packed.TypeName()!r}")
    for extension, _ in node.options.ListFields():
        if extension.message_type is not kind.DESCRIPTOR:
            raise GraphError(
                f"{node.calculator} has options of {extension.message_type.full_name!r}"
            )
    return node.options.Extensions[kind.ext]


def _version(text: str) -> int | None:
    """What is no number stands for the default, too, as it does in OpenVINO Model Server."""
    match = re.fullmatch(r"\s*0*([0-9]{1,10})\s*", text)
    if match is None or int(match[1]) > MAX_SERVABLE_VERSION:
        return None
    return int(match[1]) or None


def _streams(streams: Sequence[str]) -> list[str]:
    """The names of a graph's streams."""
    return [name for _, name in _tagged(streams)]


def _tensors(streams: Sequence[str], names: Mapping[str, str], kind: str) -> dict[str, str]:
    """The model's tensor of each of the inference's streams: its tag, unless the options map it."""
    tags = {name: tag for tag, name in _tagged(streams)}
    for tag, count in Counter(tags.values()).items():
        if not tag:
            raise GraphError(f"{INFERENCE} has an {kind}_stream without a tag")
        if count > 1:
            raise GraphError(f"{INFERENCE} has {count} {kind}_streams with the tag {tag}")
    for tag in names.keys() - set(tags.values()):
        raise GraphError(
            f"tag_to_{kind}_tensor_names: {INFERENCE} has no stream with the tag {tag}"
        )
    return {name: names.get(tag, tag) for name, tag in tags.items()}


def _tagged(streams: Sequence[str]) -> list[tuple[str, str]]:
    """Tag and name of each stream."""
    found = [_split(stream) for stream in streams]
    for stream, (tag, _) in zip(streams, found, strict=True):
        if tag.startswith(OTHER_PACKETS):
            raise GraphError(
                f"stream {stream!r}: only tensors of OpenVINO (OVTENSOR) are supported"
            )
    for name, count in Counter(name for _, name in found).items():
        if count > 1:
            raise GraphError(f"{count} streams have the name {name!r}")
    places = Counter(stream.rpartition(":")[0].removesuffix(":0") for stream in streams)
    for place, count in places.items():
        if place and count > 1:
            raise GraphError(
                f"{count} streams have the tag {place}, expected such as {place}:1:name"
            )
    return found


def _split(stream: str) -> tuple[str, str]:
    """Tag and name of ``TAG:name``, ``TAG:0:name`` or ``name``."""
    tag, _, name = stream.rpartition(":")
    tag, _, index = tag.partition(":")
    fine = _NAME.fullmatch(name) and (not tag or _TAG.fullmatch(tag))
    if not fine or (index and not index.isdecimal()):
        raise GraphError(f"stream {stream!r}: expected such as TAG:name, the name in lower case")
    return tag, name

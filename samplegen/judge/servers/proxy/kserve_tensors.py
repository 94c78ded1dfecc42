"""Tensors of the KServe v2 protocol, however they travel, as flat lists of elements.

Over gRPC they lie in `raw_input_contents` and `raw_output_contents`, or in typed contents; over
REST in JSON, or in the bytes behind it (inference_rest.md; the binary tensor data extension). A
document made here has them in `data` of each tensor, and writes them back as they came.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from google.protobuf.message import Message

from samplegen.judge.servers.proxy import protobuf
from samplegen.judge.servers.proxy.documents import (
    Document,
    Encoded,
    Kind,
    Kinds,
    Style,
    Undecodable,
    at,
)
from samplegen.judge.servers.proxy.exchanges import Headers, Path, header
from samplegen.judge.servers.proxy.numbers import DIGITS, as_bytes, packed, unpacked

DATATYPES = (
    "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64",
    "FP16", "FP32", "FP64", "BYTES",
)  # fmt: skip
LENGTH = "inference-header-content-length"
"""The header that says how long the JSON before the bytes is."""
TYPED = {
    "BOOL": "bool_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
"""Datatype to the field of `InferTensorContents`; FP16 has none."""
_TENSOR = frozenset({"name", "datatype", "shape"})
_SIDES = {"inputs": "raw_input_contents", "outputs": "raw_output_contents"}


def side(tree: Any) -> str | None:
    """Under which key a message has tensors with data: `inputs` or `outputs`; None if it has none.

    A request, too, can have `outputs`, which only name tensors.
    """
    if not isinstance(tree, dict):
        return None
    for key in _SIDES:
        items = tree.get(key)
        if isinstance(items, list) and items and all(_holds_data(item) for item in items):
            return key
    return None


def _holds_data(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and item.keys() >= _TENSOR
        and ("data" in item or _binary_size(item) is not None)
    )


def kinds(tree: Any, other: Kinds) -> Kinds:
    """The kinds of what stands in tensors and in their metadata.

    Args:
        tree: A message with `inputs` or `outputs`.
        other: Knows the kinds of all else.
    """

    def kind(path: Path) -> Kind | None:
        if len(path) >= 3 and path[0] in _SIDES and isinstance(tree, dict):
            tensor = at(tree, path[:2])
            if isinstance(tensor, dict) and tensor.keys() >= _TENSOR:
                if path[2] == "data":
                    return Kind(str(tensor["datatype"]))
                if path[2] == "datatype":
                    return Kind("DATATYPE", DATATYPES)
                if path[2] == "shape":
                    return Kind("DIMENSION")
        return other(path)

    return kind


# REST


def split(headers: Headers, body: bytes) -> tuple[bytes, bytes]:
    """The JSON of a body, and the bytes behind it.

    Raises:
        Undecodable: The header that says where they begin is wrong.
    """
    length = header(headers, LENGTH)
    if length is None:
        return body, b""
    if not length.isdecimal() or int(length) > len(body):
        raise Undecodable(f"{LENGTH} is {length!r}; the body has {len(body)} bytes")
    return body[: int(length)], body[int(length) :]


def from_json(tree: Any, behind: bytes, other: Kinds) -> Document | None:
    """A message of JSON, with the data of tensors that follow it as bytes.

    Args:
        tree: The JSON; it is changed.
        behind: The bytes behind it.
        other: Knows the kinds of what belongs to no tensor.

    Returns:
        None if it has no tensors with data.

    Raises:
        Undecodable: The bytes do not fit the datatypes, or not all are used.
    """
    key = side(tree)
    if key is None:
        return None
    binary = {tensor["name"] for tensor in tree[key] if _binary_size(tensor) is not None}
    for tensor in tree[key]:
        size = _binary_size(tensor)
        if size is not None:
            if size > len(behind):
                raise Undecodable(f"{tensor['name']}: {size} bytes announced, {len(behind)} left")
            tensor["data"] = unpacked(tensor["datatype"], behind[:size])
            behind = behind[size:]
            del tensor["parameters"]["binary_data_size"]
            if not tensor["parameters"]:
                del tensor["parameters"]
        else:
            tensor["data"] = [*_flat(tensor["data"], floating=tensor["datatype"] in DIGITS)]
    if behind:
        raise Undecodable(f"{len(behind)} bytes behind the JSON belong to no tensor")

    def encode(values: Any, style: Style) -> Encoded:
        return _to_json(values, key, binary, style, other)

    return Document(tree=tree, kinds=kinds(tree, other), encode=encode)


def _to_json(tree: Any, key: str, binary: set[str], style: Style, other: Kinds) -> Encoded:
    """As it came, by JSON or as bytes; a tensor that was not there before, by JSON."""
    bytes_behind, tensors = [], []
    for tensor in tree[key]:
        if tensor["name"] in binary and "data" in tensor:
            data = packed(tensor["datatype"], tensor["data"])
            bytes_behind.append(data)
            rest = {name: value for name, value in tensor.items() if name != "data"}
            parameters = {**tensor.get("parameters", {}), "binary_data_size": len(data)}
            tensors.append({**rest, "parameters": parameters})
        else:
            tensors.append(tensor)
    written = {**tree, key: tensors}
    text = style.write(written, kinds(written, other))
    headers = {LENGTH: str(len(text))} if binary else {}
    return Encoded(text + b"".join(bytes_behind), headers)


def _binary_size(tensor: Any) -> int | None:
    parameters = tensor.get("parameters")
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    return size if isinstance(size, int) and not isinstance(size, bool) else None


def _flat(data: Any, *, floating: bool) -> Iterator[Any]:
    """Elements of a list that may be nested as the shape says; JSON may have 1 for 1.0."""
    if isinstance(data, list):
        for item in data:
            yield from _flat(item, floating=floating)
    elif floating and isinstance(data, int) and not isinstance(data, bool):
        yield float(data)
    else:
        yield data


# gRPC


def from_message(message: Message) -> Document | None:
    """A message of the protocol.

    Returns:
        None if it has no tensors with data.

    Raises:
        Undecodable: The raw contents do not fit.
    """
    fields = message.DESCRIPTOR.fields_by_name
    key = next((key for key, raw in _SIDES.items() if key in fields and raw in fields), None)
    if key is None:
        return None
    tree = protobuf.tree(message)
    raw = tree.pop(_SIDES[key])
    if raw and len(raw) != len(tree[key]):
        raise Undecodable(f"{len(raw)} raw contents for {len(tree[key])} {key}")
    for number, tensor in enumerate(tree[key]):
        typed = tensor.pop("contents", None)
        if raw:
            tensor["data"] = unpacked(tensor["datatype"], raw[number])
        else:
            tensor["data"] = _typed_elements(tensor["datatype"], typed or {})

    def encode(values: Any, style: Style) -> Encoded:
        typed = bool(raw) == style.other_contents
        return Encoded(protobuf.serialized(message, _to_message(values, key, typed=typed)))

    def other(path: Path) -> Kind | None:
        return protobuf.kind(message.DESCRIPTOR, path)

    return Document(tree=tree, kinds=kinds(tree, other), encode=encode)


def _typed_elements(datatype: str, contents: dict[str, Any]) -> list[Any]:
    elements = contents.get(TYPED.get(datatype, ""), [])
    return unpacked(datatype, packed(datatype, elements)) if datatype == "BYTES" else elements


def _to_message(tree: Any, key: str, *, typed: bool) -> dict[str, Any]:
    """The fields of the message. FP16 has no typed contents, so one such tensor makes all raw."""
    typed = typed and all(tensor["datatype"] in TYPED for tensor in tree[key])
    tensors, raw = [], []
    for tensor in tree[key]:
        rest = {name: value for name, value in tensor.items() if name != "data"}
        if typed:
            data = _elements(tensor["datatype"], tensor["data"])
            rest["contents"] = {TYPED[tensor["datatype"]]: data}
        else:
            raw.append(packed(tensor["datatype"], tensor["data"]))
        tensors.append(rest)
    return {**tree, key: tensors, _SIDES[key]: raw}


def _elements(datatype: str, data: Sequence[Any]) -> list[Any]:
    return [as_bytes(element) for element in data] if datatype == "BYTES" else [*data]

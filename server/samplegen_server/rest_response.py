"""REST bodies, written as OpenVINO Model Server writes them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import orjson

from samplegen_server import errors
from samplegen_server.contract import InferResponse, ModelMetadata, ServerMetadata, VersionStatus
from samplegen_server.tensors import OutputTensor, TensorInfo, unpack_bytes


def server_metadata(metadata: ServerMetadata) -> bytes:
    return orjson.dumps({"name": metadata.name, "version": metadata.version})


def model_metadata(metadata: ModelMetadata) -> bytes:
    tree: dict[str, Any] = {
        "name": metadata.name,
        "versions": metadata.versions,
        "platform": metadata.platform,
        "inputs": _tensors(metadata.inputs),
        "outputs": _tensors(metadata.outputs),
    }
    if metadata.model_info is not None:
        tree["rt_info"] = {"model_info": metadata.model_info}
    return orjson.dumps(tree)


def _tensors(infos: Sequence[TensorInfo]) -> list[dict[str, Any]]:
    return [{"name": info.name, "datatype": info.datatype, "shape": info.shape} for info in infos]


def config_status(models: Mapping[str, Sequence[VersionStatus]]) -> bytes:
    """The state of every version by model, with the line breaks of OpenVINO Model Server."""
    found = [
        f'{_text(name)} : \n{{\n "model_version_status": [{_versions(versions)}]\n}}'
        for name, versions in models.items()
    ]
    return ("{\n" + ",\n".join(found) + "\n}" if found else "{}").encode()


def _versions(versions: Sequence[VersionStatus]) -> str:
    return "\n" + ",\n".join(map(_version, versions)) + "\n " if versions else ""


def _version(status: VersionStatus) -> str:
    return (
        "  {\n"
        f'   "version": "{status.version}",\n'
        f'   "state": "{status.state}",\n'
        '   "status": {\n'
        f'    "error_code": "{status.error}",\n'
        f'    "error_message": "{status.error}"\n'
        "   }\n"
        "  }"
    )


def error(failure: errors.ServerError) -> bytes:
    if isinstance(failure, errors.ConfigMissing | errors.ConfigInvalid):
        return b'{\n\t"error": %b\n}' % orjson.dumps(str(failure))
    return orjson.dumps({"error": str(failure)})


def infer(response: InferResponse, binary_outputs: Collection[str]) -> tuple[bytes, int | None]:
    """The answer to an inference: JSON, and behind it the outputs asked for as binary data.

    Returns:
        The body, and how many bytes of it are JSON when there is more.

    Raises:
        RestError: An output's datatype or values cannot be written.
    """
    head = [f'"model_name": {_text(response.model_name)}']
    if response.id:
        head.append(f'"id": {_text(response.id)}')
    if response.model_version:
        head.append(f'"model_version": {_text(response.model_version)}')
    if response.parameters:
        parameters = (
            f"        {_text(name)}: {value}" for name, value in response.parameters.items()
        )
        head.append('"parameters": {\n' + ",\n".join(parameters) + "\n    }")
    buffers: list[bytes] = []
    outputs = []
    for output in response.outputs:
        if output.datatype not in WRITERS:
            raise errors.UnsupportedDatatype(f"Unsupported precision{output.datatype}")
        if output.name in binary_outputs:
            buffers.append(output.raw)
            data = (
                '"parameters": {\n'
                f'                "binary_data_size": {len(output.raw)}\n'
                "            }"
            )
        else:
            data = f'"data": {WRITERS[output.datatype](output)}'
        outputs.append(
            "{\n"
            f'            "name": {_text(output.name)},\n'
            f'            "shape": {_array(list(output.shape))},\n'
            f'            "datatype": "{output.datatype}",\n'
            f"            {data}\n"
            "        }"
        )
    head.append(f'"outputs": [{", ".join(outputs)}]')
    text = "{\n    " + ",\n    ".join(head) + "\n}"
    encoded = text.encode()
    if not any(buffers):
        return encoded, None
    return b"".join((encoded, *buffers)), len(encoded)


def _text(value: str) -> str:
    return orjson.dumps(value).decode()


def _array(values: list[Any]) -> str:
    """Numbers on one line, apart by a comma and a space."""
    return orjson.dumps(values).replace(b",", b", ").decode()


def _numbers(output: OutputTensor) -> str:
    return _array(output.values())


def _floats(output: OutputTensor) -> str:
    text = _array(output.values())
    if "null" in text:  # which orjson writes for NaN and infinity
        raise errors.NotJson(f"output {output.name} has NaN or infinity; ask for binary data")
    return text


def _strings(output: OutputTensor) -> str:
    texts = (_text(element.decode(errors="replace")) for element in unpack_bytes(output.raw))
    return f"[{', '.join(texts)}]"


WRITERS: dict[str, Callable[[OutputTensor], str]] = {
    "BOOL": _numbers,
    "UINT8": _numbers,
    "UINT16": _numbers,
    "UINT32": _numbers,
    "UINT64": _numbers,
    "INT8": _numbers,
    "INT16": _numbers,
    "INT32": _numbers,
    "INT64": _numbers,
    "FP32": _floats,
    "FP64": _floats,
    "BYTES": _strings,
}
"""How the elements of a datatype are written; FP16 is not, not even as binary data."""

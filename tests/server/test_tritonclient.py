"""tritonclient, sync and aio, over both transports: what most users will call the server with."""

import asyncio
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.grpc.aio
import tritonclient.http
import tritonclient.http.aio
from tritonclient.grpc import service_pb2 as pb
from tritonclient.utils import InferenceServerException

from tests.server.asking import stub
from tests.server.process import Server

SYNC = {"grpc": tritonclient.grpc, "http": tritonclient.http}
AIO = {"grpc": tritonclient.grpc.aio, "http": tritonclient.http.aio}
TEN = np.arange(10, dtype=np.float32).reshape(1, 10)


def url(server: Server, transport: str) -> str:
    return f"127.0.0.1:{server.port if transport == 'grpc' else server.rest_port}"


def given(module: ModuleType, name: str, array: Any, datatype: str, **how: bool) -> Any:
    tensor = module.InferInput(name, list(array.shape), datatype)
    tensor.set_data_from_numpy(array, **how)
    return tensor


@pytest.mark.parametrize("transport", SYNC)
def test_sync_client(server: Server, transport: str) -> None:
    module = SYNC[transport]
    with module.InferenceServerClient(url(server, transport)) as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("dummy")
        inputs = [given(module, "b", TEN, "FP32")]
        assert np.array_equal(client.infer("dummy", inputs).as_numpy("a"), TEN + 1)
        outputs = [module.InferRequestedOutput("a")]
        assert np.array_equal(client.infer("dummy", inputs, outputs=outputs).as_numpy("a"), TEN + 1)


@pytest.mark.parametrize("transport", SYNC)
def test_strings(server: Server, transport: str) -> None:
    module = SYNC[transport]
    words = np.array(["ab", "é", ""], object)
    with module.InferenceServerClient(url(server, transport)) as client:
        result = client.infer("same-BYTES", [given(module, "x", words, "BYTES")])
        # Over REST they come as JSON, which the client leaves as text.
        found = [one if isinstance(one, str) else one.decode() for one in result.as_numpy("x")]
        assert found == words.tolist()


@pytest.mark.parametrize("transport", SYNC)
def test_all_outputs_come_whatever_was_asked_for(server: Server, transport: str) -> None:
    module = SYNC[transport]
    two = np.array([[1, 2]], np.float32)
    with module.InferenceServerClient(url(server, transport)) as client:
        inputs = [given(module, name, two, "FP32") for name in ("first", "second")]
        outputs = [module.InferRequestedOutput(name) for name in ("total", "no such output")]
        result = client.infer("two", inputs, outputs=outputs)
        assert result.as_numpy("total").tolist() == [[2, 4]]
        assert result.as_numpy("difference").tolist() == [[0, 0]]


@pytest.mark.parametrize("transport", SYNC)
def test_tritons_extensions_are_ignored(server: Server, transport: str) -> None:
    """Sequences, priorities, server-side timeouts, classification and parameters of one's own."""
    module = SYNC[transport]
    with module.InferenceServerClient(url(server, transport)) as client:
        result = client.infer(
            "dummy",
            [given(module, "b", TEN, "FP32")],
            outputs=[module.InferRequestedOutput("a", class_count=2)],
            sequence_id=7,
            sequence_start=True,
            sequence_end=True,
            priority=1,
            timeout=1000,
            parameters={"text": "x", "number": 1, "truth": False},
        )
        assert np.array_equal(result.as_numpy("a"), TEN + 1)


def test_numbers_that_openvino_model_server_does_not_know_are_ignored(server: Server) -> None:
    request = pb.ModelInferRequest(model_name="dummy")
    request.inputs.add(name="b", datatype="FP32", shape=[1, 10])
    request.raw_input_contents.append(TEN.tobytes())
    request.parameters["double"].double_param = 0.5
    request.parameters["uint64"].uint64_param = 2**63
    answer = stub(server).ModelInfer(request, timeout=5)
    assert answer.raw_output_contents[0] == (TEN + 1).tobytes()


@pytest.mark.parametrize("binary", [True, False])
def test_http_client_with_and_without_binary_data(server: Server, binary: bool) -> None:
    module = tritonclient.http
    with module.InferenceServerClient(url(server, "http")) as client:
        inputs = [given(module, "b", TEN, "FP32", binary_data=binary)]
        outputs = [module.InferRequestedOutput("a", binary_data=binary)]
        result = client.infer("dummy", inputs, outputs=outputs)
        assert np.array_equal(result.as_numpy("a"), TEN + 1)
        assert ("data" in result.get_output("a")) is not binary


@pytest.mark.parametrize("transport", AIO)
def test_aio_client_asks_side_by_side(server: Server, transport: str) -> None:
    module = AIO[transport]

    async def ask() -> None:
        async with module.InferenceServerClient(url(server, transport)) as client:
            assert await client.is_server_ready()

            async def one(number: int) -> None:
                array = TEN + np.float32(number)
                result = await client.infer(
                    "dummy", [given(SYNC[transport], "b", array, "FP32")], request_id=str(number)
                )
                assert np.array_equal(result.as_numpy("a"), array + 1)

            await asyncio.gather(*(one(number) for number in range(50)))

    asyncio.run(asyncio.wait_for(ask(), 30))


def test_unknown_model_is_not_ready_over_http_and_an_error_over_grpc(server: Server) -> None:
    with tritonclient.http.InferenceServerClient(url(server, "http")) as client:
        assert not client.is_model_ready("nope")
    with (
        tritonclient.grpc.InferenceServerClient(url(server, "grpc")) as grpc_client,
        pytest.raises(InferenceServerException, match="requested name is not found"),
    ):
        grpc_client.is_model_ready("nope")


def test_compressed_request_fails(server: Server) -> None:
    module = tritonclient.http
    with (
        module.InferenceServerClient(url(server, "http")) as client,
        pytest.raises(InferenceServerException, match="not valid json"),
    ):
        client.infer(
            "dummy", [given(module, "b", TEN, "FP32")], request_compression_algorithm="gzip"
        )

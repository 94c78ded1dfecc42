"""Everything that can go wrong with a request, with both transports' codes side by side.

Codes and texts are those of OpenVINO Model Server (``status.cpp``, ``http_server.cpp`` and
``grpc_utils.cpp`` there). A code its gRPC table lacks reaches a gRPC client as UNKNOWN with the
text "Unknown error", and one its HTTP table lacks as 500; both are kept.
"""

from typing import ClassVar


class ServerError(Exception):
    """A request that cannot be answered.

    Args:
        details: What was expected and what came, appended to the class's fixed text.
    """

    http: ClassVar[int] = 500
    grpc: ClassVar[str] = "UNKNOWN"
    text: ClassVar[str] = "Unknown error"

    def __init__(self, details: str = "") -> None:
        super().__init__(f"{self.text} - {details}" if details else self.text)

    @property
    def grpc_text(self) -> str:
        """The text a gRPC client gets."""
        return "Unknown error" if self.grpc == "UNKNOWN" else str(self)


class InvalidRequest(ServerError):
    """The request contradicts itself or the model's metadata."""

    http, grpc = 400, "INVALID_ARGUMENT"
    text = "Invalid request"


class NotFound(ServerError):
    """What the request names is not served."""

    http, grpc = 404, "NOT_FOUND"
    text = "Not found"


class RpcError(ServerError):
    """An RPC that does not get as far as the protocol, or streams; REST has no such case."""

    text = "Invalid call"


class MalformedMessage(RpcError):
    """It is no protobuf; REST has `JsonInvalid`."""

    grpc = "INTERNAL"
    text = "Request cannot be parsed"


class RestError(ServerError):
    """A REST request that does not get as far as the protocol; gRPC has no such case."""

    http = 400
    text = "Invalid request"


# --- Which model -----------------------------------------------------------------------------


class ModelNameMissing(NotFound):
    text = "Model with requested name is not found"


class ModelVersionMissing(NotFound):
    text = "Model with requested version is not found"


class ModelVersionRetired(NotFound):
    text = "Model with requested version is retired"


class ModelVersionNotLoadedYet(NotFound):
    grpc = "UNAVAILABLE"
    text = "Model with requested version is not loaded yet"


class ModelVersionInvalidFormat(RpcError):
    """Over REST the route does not match, so a REST client gets `InvalidUrl`."""

    grpc = "INVALID_ARGUMENT"
    text = "invalid model version format in request"


class ServerNotReady(ServerError):
    """Over gRPC the answer says ``ready: false`` instead."""

    http, grpc = 503, "UNAVAILABLE"
    text = "Server is not ready"


# --- Graphs -----------------------------------------------------------------------------------


class StreamNotFound(RpcError):
    """OpenVINO Model Server streams MediaPipe graphs only."""

    grpc = "NOT_FOUND"
    text = "Mediapipe graph definition with requested name is not found"


class GraphNotLoadedYet(ServerError):
    """Its file cannot be used, either."""

    grpc = "UNAVAILABLE"
    text = "Mediapipe is not loaded yet"


class GraphRetired(NotFound):
    text = "Mediapipe is retired"


class GraphNotInitialized(ServerError):
    grpc = "FAILED_PRECONDITION"
    text = "Failed to initialize mediapipe graph"


class GraphPreconditionFailed(ServerError):
    """The graph's model cannot answer."""

    http = 412
    text = "Mediapipe graph precondition failed"


class GraphFailed(InvalidRequest):
    """The run is at its end."""

    text = "Mediapipe execution failed. MP status"


class UnexpectedInput(InvalidRequest):
    text = "Unexpected input"


class InvalidTimestamp(ServerError):
    text = "Malformed packet timestamp"


class StreamWithoutRequest(RpcError):
    text = "Client disconnected during reading first streaming request"


class OtherServableName(RpcError):
    """Told in ``error_message``; the stream goes on."""

    text = "Subsequent request with incorrect servable name"


class OtherServableVersion(RpcError):
    """Likewise."""

    text = "Subsequent request with incorrect servable version"


# --- Inputs against the model's metadata ------------------------------------------------------


class InvalidNumberOfInputs(InvalidRequest):
    text = "Invalid number of inputs"


class InvalidMissingInput(InvalidRequest):
    text = "Missing input with specific name"


class InvalidNumberOfDimensions(InvalidRequest):
    text = "Invalid number of shape dimensions"


class InvalidBatchSize(InvalidRequest):
    text = "Invalid input batch size"


class InvalidShape(InvalidRequest):
    text = "Invalid input shape"


class InvalidPrecision(InvalidRequest):
    text = "Invalid input precision"


class InvalidValueCount(InvalidRequest):
    text = "Invalid number of values in tensor proto container"


class InvalidContentSize(InvalidRequest):
    text = "Invalid content size of tensor proto"


class InvalidMessageStructure(InvalidRequest):
    text = (
        "Passing buffers both in ModelInferRequest::InferInputTensor::contents and in "
        "ModelInferRequest::raw_input_contents is not allowed"
    )


class InvalidValue(InvalidRequest):
    """A value outside the range of its datatype.

    OpenVINO Model Server wraps it around in silence; a wrong answer helps nobody.
    """

    text = "Could not parse input content. Value does not fit the datatype"


class NotImplementedByServer(ServerError):
    """BYTES for an input that holds neither images nor strings."""

    text = "Functionality not implemented"


# --- Encoded images and strings ---------------------------------------------------------------


class InvalidInputFormat(InvalidRequest):
    text = "Inputs inside buffer does not match expected format."


class InvalidStringMaxSizeExceeded(ServerError):
    text = "Maximum 2D array after string conversion exceeded 1GB"


class BytesContentsEmpty(ServerError):
    grpc = "INVALID_ARGUMENT"
    text = "Bytes contents is empty"


class UnsupportedStrings(InvalidRequest):
    """OpenVINO's Python API pads strings with zeros to the longest, as its C++ API does not."""

    text = "Strings cannot be handed to the model"


class UnsupportedLayout(InvalidRequest):
    text = "Received binary image input but resource not configured to accept NHWC layout"


class InvalidNumberOfChannels(InvalidRequest):
    text = "Invalid number of channels in binary input"


class ResolutionMismatch(InvalidRequest):
    text = "Binary input images for this endpoint are required to have the same resolution"


class ImageParsingFailed(ServerError):
    text = "Image parsing failed"


# --- Inference --------------------------------------------------------------------------------


class InferenceFailed(ServerError):
    grpc = "INTERNAL"
    text = "Internal inference error"


# --- REST only --------------------------------------------------------------------------------


class InvalidUrl(RestError):
    text = "Invalid request URL"


class PathInvalid(RestError):
    text = "The provided base path is invalid or doesn't exists"


class UnsupportedMethod(RestError):
    http = 406
    text = "Unsupported method"


class JsonInvalid(RestError):
    http = 412
    text = "The file is not valid json"


class JsonTooDeep(RestError):
    http = 500
    text = "JSON nesting depth exceeds the allowed limit"


class BodyNotAnObject(RestError):
    text = "Request body should be JSON object"


class NoInputsFound(RestError):
    text = "Invalid JSON structure, missing inputs"


class CouldNotParseInput(RestError):
    text = "Could not parse input content. Not valid ndarray detected"


class CouldNotParseOutput(RestError):
    text = "Could not parse output content."


class CouldNotParseParameters(RestError):
    text = "Could not parse request parameters"


class UnsupportedDatatype(RestError):
    text = "Could not parse input content. Unsupported data precision detected"


class BinaryDataSizeInvalid(RestError):
    text = "binary_data_size parameter is invalid and cannot be parsed"


class BinaryBufferExceeded(RestError):
    text = "Received buffer size is smaller than binary_data_size parameter indicates"


class ContentsNotEmpty(RestError):
    http = 500
    text = "Request contains values both in binary data and in content value"


class HeaderLengthInvalid(RestError):
    http = 500
    text = "Inference-Header-Content-Length header is invalid and couldn't be parsed"


class HeaderLengthExceeded(RestError):
    http = 500
    text = "Inference-Header-Content-Length header exceeds actual payload length"


class NotJson(RestError):
    """A NaN or an infinity in an output: JSON has no such number. Asking for binary data helps."""

    http = 500
    text = "Response parsing to JSON error"


class BodyTooLarge(RestError):
    """gRPC's own limit answers RESOURCE_EXHAUSTED."""

    http = 413
    text = "Request body is too large"


class ConfigMissing(RestError):
    http = 500
    text = "Config file not found or cannot open."


class ConfigInvalid(RestError):
    http = 412
    text = "Reloading config file failed. Check server logs for more info."

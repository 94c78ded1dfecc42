"""The protocol's operations, free of transport."""

import logging

from samplegen_server import errors, graph_infer, validation
from samplegen_server.config_json import ConfigUnreadable
from samplegen_server.contract import (
    InferRequest,
    InferResponse,
    ModelMetadata,
    ServerMetadata,
    VersionStatus,
    parse_version,
)
from samplegen_server.graph_stream import GraphStream
from samplegen_server.graphs import VERSION, Graph, Graphs
from samplegen_server.model_options import ConfigError
from samplegen_server.repository import Repository, Served

log = logging.getLogger(__name__)

SERVER_NAME = "OpenVINO Model Server"
PLATFORM = "OpenVINO"


class Service:
    """Answers each of the protocol's requests.

    Args:
        repository: The models to serve.
        version: The version the server says it has.
        name: What it says it is.
        platform: What it says its models run on.
        graphs: The graphs to serve; a name is never a model's and a graph's at a time.
    """

    def __init__(
        self,
        repository: Repository,
        version: str,
        name: str = SERVER_NAME,
        platform: str = PLATFORM,
        graphs: Graphs | None = None,
    ) -> None:
        self._repository = repository
        self._version = version
        self._name = name
        self._platform = platform
        self._graphs = graphs or Graphs()

    @property
    def is_ready(self) -> bool:
        """Has the first load of models come to its end, whatever became of each?"""
        return self._repository.is_loaded

    def server_metadata(self) -> ServerMetadata:
        return ServerMetadata(self._name, self._version)

    def model_ready(self, name: str, version: str) -> bool:
        """Can this version answer? An unknown one is an error.

        Raises:
            ServerError: There is no such model or version, or `version` is malformed.
        """
        if graph := self._graph(name):
            return graph.is_available
        return self._repository.find(name, parse_version(version)).is_available

    def model_metadata(self, name: str, version: str) -> ModelMetadata:
        """Inputs, outputs and available versions.

        Raises:
            ServerError: There is no such model or version, or it is not available.
        """
        if graph := self._graph(name):
            return ModelMetadata(
                name, [str(VERSION)], self._platform, graph.inputs, graph.outputs, None
            )
        served = self._repository.find(name, parse_version(version))
        model = served.model
        return ModelMetadata(
            name=name,
            versions=[
                str(number)
                for number, other in self._repository.models()[name].items()
                if other.is_available
            ],
            platform=self._platform,
            inputs=list(model.inputs.values()),
            outputs=list(model.outputs.values()),
            model_info=model.model_info,
        )

    async def infer(self, request: InferRequest) -> InferResponse:
        """One inference.

        Raises:
            ServerError: The request does not fit the model, or the model fails.
        """
        version = parse_version(request.model_version) or None  # here 0, too, means the default
        if graph := self._graph(request.model_name):
            return await graph_infer.infer(self._repository, graph, request)
        served = await self._settled(request.model_name, version)
        values = validation.values(served.model.inputs, request.inputs, request.raw)
        outputs = await served.model.infer(values)
        return InferResponse(request.model_name, str(served.version), request.id, outputs)

    def open_stream(self, first: InferRequest) -> GraphStream:
        """A run of a graph for several requests, of which this is the first.

        Raises:
            ServerError: There is no such graph, or it cannot be run.
        """
        graph = self._graphs.get(first.model_name)
        if graph is None:
            raise errors.StreamNotFound
        return GraphStream(self._repository, graph, first)

    def config_status(self) -> dict[str, list[VersionStatus]]:
        """Every version that is or was served, by the name of the model or graph."""
        models = self._repository.models()
        return {
            name: [graph.status]
            if (graph := self._graph(name))
            else [
                VersionStatus(version, served.state.name, "UNKNOWN" if served.has_failed else "OK")
                for version, served in models[name].items()
            ]
            for name in sorted({*models, *self._graphs.names()})
        }

    async def config_reload(self) -> bool:
        """Read the configuration and the folders anew; say if anything changed.

        Raises:
            RestError: The config file cannot be used; what was served still is.
        """
        try:
            return await self._repository.reload()
        except ConfigUnreadable as error:
            log.error("%s", error)
            raise errors.ConfigMissing from error
        except ConfigError as error:
            log.error("%s", error)
            raise errors.ConfigInvalid from error

    def _graph(self, name: str) -> Graph | None:
        """The graph of this name; one that is retired may be a model now."""
        graph = self._graphs.get(name)
        if graph is not None and graph.is_retired and name in self._repository.models():
            return None
        return graph

    async def _settled(self, name: str, version: int | None) -> Served:
        """The version to ask; one that is being loaded is waited for."""
        served = self._repository.find(name, version)
        if not served.is_available:
            await served.settle()
        return served

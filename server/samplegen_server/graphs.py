"""The MediaPipe graphs that are served, loaded and retired as the configuration changes."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from samplegen_server import errors, graph_file
from samplegen_server.contract import VersionStatus
from samplegen_server.model_options import ModelConfig
from samplegen_server.notices import Notices
from samplegen_server.tensors import TensorInfo

log = logging.getLogger(__name__)

VERSION = 1
"""Graphs have no versions: whichever a request names, it is this."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph that is or was served."""

    name: str
    file: Path
    stamp: tuple[int, ...]
    """Size and time of change (nanoseconds) of the file; empty when it is not there."""
    plan: graph_file.Plan | None
    """None when the file cannot be used, or the graph is not served any more."""
    is_retired: bool = False

    @property
    def is_available(self) -> bool:
        return self.plan is not None

    @property
    def status(self) -> VersionStatus:
        if self.is_retired:
            return VersionStatus(VERSION, "END", "OK")
        if self.plan is None:
            return VersionStatus(VERSION, "LOADING", "FAILED_PRECONDITION")
        return VersionStatus(VERSION, "AVAILABLE", "OK")

    @property
    def ready_plan(self) -> graph_file.Plan:
        """How it is run.

        Raises:
            ServerError: It cannot be.
        """
        if self.plan is not None:
            return self.plan
        raise errors.GraphRetired if self.is_retired else errors.GraphNotLoadedYet

    @property
    def inputs(self) -> list[TensorInfo]:
        """All that a graph says of its streams is their names."""
        return _infos(self.ready_plan.inputs)

    @property
    def outputs(self) -> list[TensorInfo]:
        return _infos(self.ready_plan.outputs)


def _infos(streams: Mapping[str, str]) -> list[TensorInfo]:
    return [TensorInfo(name, "INVALID", (), "...") for name in sorted(streams)]


class Graphs:
    """All graphs by name."""

    def __init__(self) -> None:
        self._graphs: Mapping[str, Graph] = {}
        self._notices = Notices("graph")

    def get(self, name: str) -> Graph | None:
        return self._graphs.get(name)

    def names(self) -> Collection[str]:
        """Of all that are or were served."""
        return self._graphs.keys()

    @property
    def have_failed(self) -> bool:
        """Is there one that should be served and cannot be?"""
        return any(not graph.is_available and not graph.is_retired for graph in self._all)

    @property
    def _all(self) -> Collection[Graph]:
        return self._graphs.values()

    def update(self, configs: Sequence[ModelConfig]) -> None:
        """Serve these graphs, read anew when their files have changed, and no other."""
        wanted = {config.name: config for config in configs if config.graph is not None}
        self._notices.keep(wanted.keys())
        graphs = {}
        for name, config in wanted.items():
            self._notices.tell(name, config.warnings, config.problem)
            graphs[name] = self._updated(name, config)
        for name, before in self._graphs.items():
            if name not in wanted:
                graphs[name] = Graph(name, before.file, before.stamp, None, is_retired=True)
                if not before.is_retired:
                    log.info("graph %s is retired", name)
        self._graphs = graphs

    def _updated(self, name: str, config: ModelConfig) -> Graph:
        if config.graph is None or config.problem:
            return Graph(name, config.base_path, (), None)
        file = config.graph.file
        before = self._graphs.get(name)
        is_same = before is not None and not before.is_retired and before.file == file
        if before is not None and is_same and before.stamp == _stamp(file):
            return before
        return _load(name, file)

    def taking_theirs(
        self, read: Callable[[], Sequence[ModelConfig]]
    ) -> Callable[[], Sequence[ModelConfig]]:
        """Read what is served, keep the graphs, and hand on the models."""

        def read_models() -> Sequence[ModelConfig]:
            configs = read()
            self.update(configs)
            return [config for config in configs if config.graph is None]

        return read_models


def _load(name: str, file: Path) -> Graph:
    stamp = _stamp(file)
    try:
        plan = graph_file.read(file)
    except graph_file.GraphError as error:
        log.error("graph %s is not served: %s", name, error)
        return Graph(name, file, stamp, None)
    log.info("graph %s is available", name)
    return Graph(name, file, stamp, plan)


def _stamp(file: Path) -> tuple[int, ...]:
    try:
        status = file.stat()
    except (OSError, ValueError):
        return ()
    return (status.st_size, status.st_mtime_ns)

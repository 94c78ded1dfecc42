"""The models being served, loaded and retired as their folders and configuration change."""

import asyncio
import enum
import functools
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from samplegen_server import errors
from samplegen_server.config import ConfigError, ModelConfig
from samplegen_server.introspection import LoadError
from samplegen_server.models import MAPPING, SUFFIXES, Model

log = logging.getLogger(__name__)

Observer = Callable[[str, int, float, float], None]

WAIT_SECONDS = 10.0
"""How long an inference waits for a version that is being loaded."""


class State(enum.Enum):
    """Where a version is in its life; the names are those of ``/v1/config``."""

    LOADING = enum.auto()
    AVAILABLE = enum.auto()
    END = enum.auto()


@dataclass(frozen=True, slots=True)
class Source:
    """What a version is loaded from; when anything here changes, it is loaded anew."""

    config: ModelConfig
    file: Path
    stamp: tuple[int, ...]
    """Size and time of change (nanoseconds) of each of the model's files."""


def _nobody(name: str, version: int, waited: float, took: float) -> None:
    """Without metrics, nobody is told."""


def find_sources(config: ModelConfig) -> dict[int, Source]:
    """The versions in a model's folder that its policy chooses.

    A version is a folder named by a positive integer with a model file in it. A path straight to a
    model file is version 1.
    """
    if config.base_path.is_file():
        files = {1: config.base_path}
    else:
        files = {
            int(folder.name): file
            for folder in _children(config.base_path)
            if folder.name.isascii() and folder.name.isdecimal() and int(folder.name) > 0
            for file in sorted(_children(folder), reverse=True)
            if file.suffix in SUFFIXES
        }
    return {
        version: Source(config, files[version], _stamp(files[version]))
        for version in config.version_policy.choose(set(files))
    }


def _children(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _stamp(file: Path) -> tuple[int, ...]:
    stamp = []
    for part in (file, file.with_suffix(".bin"), file.with_name(MAPPING)):
        try:
            status = part.stat()
        except OSError:  # not every model has weights or a mapping beside it
            continue
        stamp += [status.st_size, status.st_mtime_ns]
    return tuple(stamp)


class Served:
    """One version of a model."""

    def __init__(self, name: str, version: int, observe: Observer) -> None:
        self.name = name
        self.version = version
        self._observe = functools.partial(observe, name, version)
        self.state = State.LOADING
        self.has_failed = False
        self.source: Source | None = None
        """What it was last loaded from, or failed to; None when it is retired."""
        self._model: Model | None = None
        self._settled = asyncio.Event()

    @property
    def is_available(self) -> bool:
        return self._model is not None

    @property
    def model(self) -> Model:
        """The model, ready to answer.

        Raises:
            ServerError: It is not loaded yet, or not any more.
        """
        if self._model is not None:
            return self._model
        if self.state is State.END:
            raise errors.ModelVersionRetired
        raise errors.ModelVersionNotLoadedYet

    async def load(self, source: Source) -> None:
        """Load the model and put it in the place of the one before, which answers until then."""
        self.source = source
        if self._model is None:
            self.state = State.LOADING
            self._settled.clear()
        try:
            model = await asyncio.to_thread(Model, source.file, source.config, self._observe)
        except LoadError as error:
            self.has_failed = True
            log.error("model %s version %d: %s", self.name, self.version, error)
        except Exception:
            self.has_failed = True
            log.exception("model %s version %d failed unexpectedly", self.name, self.version)
        else:
            self._replace(model)
            self.state, self.has_failed = State.AVAILABLE, False
            log.info("model %s version %d is available", self.name, self.version)
        finally:
            self._settled.set()

    def retire(self) -> None:
        """Take no more requests; those accepted are still answered."""
        self._replace(None)
        self.source = None
        self.state, self.has_failed = State.END, False
        log.info("model %s version %d is retired", self.name, self.version)

    async def settle(self) -> None:
        """Wait until loading has ended, well or not, but no longer than `WAIT_SECONDS`."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._settled.wait()
        except TimeoutError:
            return

    def _replace(self, model: Model | None) -> None:
        before, self._model = self._model, model
        if before is not None:
            before.close()


class Repository:
    """All models by name and version.

    Args:
        read_configs: Gives the models to serve; called again whenever something may have changed.
    """

    def __init__(self, read_configs: Callable[[], Sequence[ModelConfig]]) -> None:
        self._read_configs = read_configs
        self.observe: Observer = _nobody
        """Told of each inference: model, version, seconds waited for its turn and seconds taken."""
        self._served: dict[str, dict[int, Served]] = {}
        self._reloading = asyncio.Lock()
        self.is_loaded = False
        """Has the first load come to its end?"""

    def find(self, name: str, version: int | None) -> Served:
        """The version that was asked for, by default the newest that is available.

        Raises:
            NotFound: No such model, or no such version of it.
        """
        versions = self._served.get(name)
        if versions is None:
            raise errors.ModelNameMissing
        if version is None:
            for served in reversed(versions.values()):
                if served.is_available:
                    return served
        elif version in versions:
            return versions[version]
        raise errors.ModelVersionMissing

    def models(self) -> Mapping[str, Mapping[int, Served]]:
        """Every version that is or was served, by model name and number, in order."""
        return self._served

    async def load(self) -> None:
        """The first load.

        Raises:
            ConfigError: The configuration cannot be read.
        """
        try:
            await self.reload()
        finally:
            self.is_loaded = True

    async def reload(self) -> bool:
        """Make what is served agree with the configuration and the folders; say if it changed.

        Raises:
            ConfigError: The configuration cannot be read; nothing changed.
        """
        async with self._reloading:
            wanted = await asyncio.to_thread(self._find_all)
            for name in sorted(wanted.keys() - self._served.keys()):
                self._served[name] = {}
            self._served = dict(sorted(self._served.items()))
            changed = await asyncio.gather(
                *(self._update(name, wanted.get(name, {})) for name in self._served)
            )
            return any(changed)

    async def watch(self, seconds: float) -> None:
        """Reload for ever, every so many seconds."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.reload()
            except ConfigError as error:
                log.error("%s", error)
            except Exception:
                log.exception("looking for changes failed in an unexpected way")

    def _find_all(self) -> dict[str, dict[int, Source]]:
        return {config.name: find_sources(config) for config in self._read_configs()}

    async def _update(self, name: str, sources: Mapping[int, Source]) -> bool:
        """Load what is new or changed, then retire what is no longer wanted.

        In this order, so that there is always a version to answer; and when nothing new could be
        loaded, the old stays.
        """
        versions = self._served[name]
        for version in sources.keys() - versions.keys():
            versions[version] = Served(name, version, self.observe)
        versions = self._served[name] = dict(sorted(versions.items()))
        loads = [
            versions[version].load(source)
            for version, source in sources.items()
            if versions[version].source != source
        ]
        await asyncio.gather(*loads)
        retired = list(self._unwanted(versions, sources))
        for served in retired:
            served.retire()
        return bool(loads or retired)

    @staticmethod
    def _unwanted(
        versions: Mapping[int, Served], sources: Mapping[int, Source]
    ) -> Iterator[Served]:
        if sources and not any(versions[version].is_available for version in sources):
            return
        for version, served in versions.items():
            if version not in sources and served.source is not None:
                yield served

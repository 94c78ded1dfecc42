"""The models being served, loaded and retired as their folders and configuration change."""

import asyncio
import enum
import functools
import logging
from collections.abc import Callable, Collection, Mapping, Sequence

from samplegen_server import errors, folders
from samplegen_server.folders import Found, Source
from samplegen_server.introspection import LoadError
from samplegen_server.model_options import ConfigError, ModelConfig
from samplegen_server.models import Model
from samplegen_server.notices import Notices

log = logging.getLogger(__name__)

Observer = Callable[[str, int, float, float], None]

WAIT_SECONDS = 10.0
"""How long an inference waits for a version that is being loaded."""


class State(enum.Enum):
    """Where a version is in its life; the names are those of ``/v1/config``."""

    LOADING = enum.auto()
    AVAILABLE = enum.auto()
    END = enum.auto()


def _nobody(name: str, version: int, waited: float, took: float) -> None:
    """Without metrics, nobody is told."""


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
            model = await asyncio.to_thread(self._read, source)
        except LoadError as error:
            self.has_failed = True
            log.error("model %s version %d is not served: %s", self.name, self.version, error)
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

    def _read(self, source: Source) -> Model:
        if source.problem:
            raise LoadError(source.problem)
        picked = source.picked
        log.info(
            "model %s version %d: loading %s (%s)%s",
            self.name,
            self.version,
            picked.path,
            picked.format,
            "".join(f"; left aside: {reason}" for reason in picked.left),
        )
        return Model(source, self._observe)

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
        self.failed: set[str] = set()
        """The models of which the last look at them left something unserved that should be."""
        self._notices = Notices("model")

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
            self.failed &= wanted.keys()
            self._notices.keep(wanted.keys())
            for pair in wanted.values():
                self._tell(*pair)
            changed = await asyncio.gather(*(self._update(*pair) for pair in wanted.values()))
            retired = [self._retire(name, ()) for name in self._served if name not in wanted]
            return any(changed) or any(retired)

    async def watch(self, seconds: float) -> None:
        """Reload for ever, every so many seconds."""
        told = ""
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.reload()
                told = ""
            except ConfigError as error:
                if str(error) != told:
                    told = str(error)
                    log.error("%s; what was served still is", error)
            except Exception:
                log.exception("looking for changes failed in an unexpected way")

    def _find_all(self) -> dict[str, tuple[ModelConfig, Found]]:
        return {config.name: (config, folders.find(config)) for config in self._read_configs()}

    def _tell(self, config: ModelConfig, found: Found) -> None:
        """Log what keeps a model from being served as it was asked for."""
        missing = folders.missing(config.version_policy, found)
        warnings = (*config.warnings, *filter(None, (found.warning, missing)))
        self._notices.tell(config.name, warnings, found.problem)

    async def _update(self, config: ModelConfig, found: Found) -> bool:
        """Load what is new or changed, then retire what is no longer wanted.

        In this order, so that there is always a version to answer. In the place of a version that
        cannot be loaded, the policy chooses another, as OpenVINO Model Server lets it.
        """
        name = config.name
        self.failed.discard(name)
        if found.problem:
            self.failed.add(name)
            return False
        chosen = config.version_policy.choose(set(found.sources))
        failed: set[int] = set()
        has_changed = False
        while True:
            has_changed |= await self._load(name, {one: found.sources[one] for one in chosen})
            unusable = {one for one in chosen if not self._served[name][one].is_available}
            failed |= unusable
            others = config.version_policy.choose(found.sources.keys() - failed) - chosen
            if not unusable or not others:
                break
            chosen = (chosen - unusable) | others
        if unusable:
            self.failed.add(name)
        return self._retire(name, chosen | failed) or has_changed

    async def _load(self, name: str, sources: Mapping[int, Source]) -> bool:
        """Load those that are new or have changed; say if there were any."""
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
        return bool(loads)

    def _retire(self, name: str, kept: Collection[int]) -> bool:
        """Retire all versions but these; say if there were any."""
        retired = [
            served
            for version, served in self._served[name].items()
            if version not in kept and served.source is not None
        ]
        for served in retired:
            served.retire()
        return bool(retired)

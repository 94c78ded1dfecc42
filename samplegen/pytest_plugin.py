"""The pytest plugin `samplegen`: with `--samplegen`, every sample of a project is a test.

Loaded with every run of pytest where samplegen is installed; so it imports the rest on demand.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from samplegen.errors import SamplegenError

if TYPE_CHECKING:
    from samplegen.catalogue import Cell
    from samplegen.judge.judging import Judge
    from samplegen.judge.results.verdicts import Verdict


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds --samplegen and what goes with it."""
    group = parser.getgroup("samplegen", "code samples, judged by samplegen")
    group.addoption(
        "--samplegen",
        action="store_true",
        help="Collect every sample as a test. Uses samplegen.yaml of the root folder.",
    )
    group.addoption(
        "--samplegen-client",
        action="append",
        default=[],
        metavar="LANGUAGE[/CLIENT]",
        help="Only these clients; may be repeated. A language selects all its clients.",
    )
    group.addoption(
        "--samplegen-require",
        action="append",
        default=[],
        metavar="LANGUAGE[/CLIENT]|all",
        help="Fail if a sample is skipped or a gate is not tried.",
    )
    group.addoption(
        "--samplegen-endpoint",
        metavar="HOST:GRPC_PORT:REST_PORT",
        help="Judge against this server instead of starting one.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Makes the mark known."""
    config.addinivalue_line("markers", "samplegen: a code sample, built, run and judged.")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Adds the samples before options such as -k choose among the tests."""
    if config.getoption("--samplegen"):
        with _as_usage_error():
            samples = Samples.from_parent(session, name="samplegen", nodeid="samplegen")
            items += samples.collect()


class Samples(pytest.Collector):
    """The samples of a project; starts the server for the first of them that runs."""

    def collect(self) -> Iterator["Sample"]:
        """Every cell of the matrix that the options ask for."""
        from samplegen.catalogue import Catalogue
        from samplegen.selection import matching_clients, selected_cells
        from samplegen.settings import settings

        self._judge: Judge | None = None
        self._broken: SamplegenError | None = None
        self._running = contextlib.ExitStack()
        self._settings = settings(self.config.rootpath)
        self.catalogue: Catalogue = Catalogue(self._settings.spec, self._settings.templates)
        self.required = matching_clients(
            self.catalogue, self.config.getoption("--samplegen-require"), "--samplegen-require"
        )
        clients = self.config.getoption("--samplegen-client")
        for cell in selected_cells(self.catalogue, (), clients):
            name = f"{cell.operation.name}[{cell.client.name}]"
            yield Sample.from_parent(self, name=name, cell=cell)

    def judge(self) -> "Judge":
        """The judge; started once, since what does not come up will not come up the next time.

        Raises:
            SamplegenError: There is no server.
        """
        if self._broken is not None:
            raise self._broken
        if self._judge is None:
            try:
                self._judge = self._running.enter_context(self._against())
            except SamplegenError as error:
                self._broken = error
                raise
        return self._judge

    def _against(self) -> contextlib.AbstractContextManager["Judge"]:
        from samplegen.connection.given import endpoint_connection
        from samplegen.judge import judging
        from samplegen.selection import default_cache, samples_folder

        endpoint = self.config.getoption("--samplegen-endpoint")
        documented = self.catalogue.spec.api.connection
        address = endpoint_connection(documented, endpoint) if endpoint else None
        published = samples_folder(None, self._settings)
        return judging.against(self.catalogue, address, published, default_cache())

    def teardown(self) -> None:
        """Ends the server."""
        self._judge = None
        self._running.close()


class Failure(Exception):
    """What the judge says of a sample that failed, and all that is needed to fix it."""


class Sample(pytest.Item):
    """One sample."""

    parent: Samples

    def __init__(self, *, cell: "Cell", **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self._cell = cell
        self.add_marker("samplegen")

    def runtest(self) -> None:
        """Judges it."""
        verdict = self.parent.judge().judge([self._cell], 1, lambda verdict: None)[0]
        self._report(verdict)

    def _report(self, verdict: "Verdict") -> None:
        from samplegen.judge.results.verdicts import lacking, why_lacking

        self.add_report_section("call", "output", verdict.output)
        for name in ("gates", "sha256", "versions"):
            self.user_properties.append((f"samplegen.{name}", getattr(verdict, name)))
        if verdict.status == "failed":
            raise Failure(f"{verdict.reason}\n{verdict.log}")
        if lacking([verdict], self.parent.required):
            raise Failure(f"required, but not fully judged: {why_lacking(verdict)}")
        if verdict.status == "skipped":
            raise pytest.skip.Exception(verdict.reason, _use_item_location=True)

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None
    ) -> str:
        """The judge's words in place of our own lines of code."""
        if isinstance(excinfo.value, Failure | SamplegenError):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        """The operation's file, and what is said of it."""
        operation = self._cell.operation.name
        path = self.parent.catalogue.spec.layers.find(f"{operation}.yaml")
        return path or self.path, 0, self.name


@contextlib.contextmanager
def _as_usage_error() -> Iterator[None]:
    """What is wrong with a project, or missing, ends pytest in one line each."""
    try:
        yield
    except SamplegenError as error:
        raise pytest.UsageError(*map(str, error.problems)) from error

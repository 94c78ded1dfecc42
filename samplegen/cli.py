"""The command line: arguments, printing and exit statuses, nowhere else.

Exit status: 0 fine, 1 problems found, 2 wrong usage. Data goes to stdout, all else to stderr.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import click
from click.shell_completion import get_completion_class

from samplegen.errors import SamplegenError, UsageError, nearest
from samplegen.options import (
    EXISTING,
    SAMPLES,
    cache_option,
    catalogue_options,
    complete,
    connection,
    connection_options,
    endpoint_connection,
    json_option,
    matching_clients,
    samples_folder,
    selected_cells,
)
from samplegen.samples import Catalogue, Cell, drift, write, write_file

SCHEMAS = Path("spec/schema")
VERDICTS = Path("build/verdicts.json")
_INTERRUPTED = 130


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit status and lets no exception through."""
    try:
        status = cli.main(arguments, prog_name="samplegen", standalone_mode=False)
    except SamplegenError as error:
        for problem in error.problems:
            click.echo(f"{_red('error')}: {problem}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except OSError as error:
        click.echo(f"{_red('error')}: {error}", err=True)
        return 1
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted; nothing was left half-written", err=True)
        return _INTERRUPTED
    return int(status or 0)


def _red(text: str) -> str:
    return text if "NO_COLOR" in os.environ else click.style(text, fg="red", bold=True)


def _not_installed(error: ModuleNotFoundError) -> SamplegenError:
    return SamplegenError(f"{error.name} is not installed; type: pip install 'samplegen[verify]'")


class _Group(click.Group):
    """Commands in the order in which one uses them, and a hint for a mistyped one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            ctx.fail(f"no command {args[0]!r}; {nearest(args[0], self.commands)}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="samplegen", prog_name="samplegen")
def cli() -> None:
    """Code samples of an inference API, in every language, each of which has just run.

    \b
    samplegen list                                    what there is
    samplegen show health --client curl/rest          one program, ready to paste
    samplegen verify                                  build and run them all

    Completion: eval "$(samplegen completion bash)", also zsh and fish.
    """


@cli.command("list")
@catalogue_options
@json_option
def list_samples(catalogue: Catalogue, as_json: bool) -> int:
    """Show the matrix: operations × clients, and the state of each cell.

    \b
    ready        there is a template; `samplegen show` prints the program
    omitted      the client cannot say this operation, and says why
    no template  a template is missing; `samplegen generate` names it
    """
    states = [(cell, catalogue.state(cell)) for cell in catalogue.cells]
    if as_json:
        rows = [
            {
                "operation": cell.operation.name,
                "title": cell.operation.title,
                "client": cell.client.name,
                "form": cell.operation.form,
                "state": state,
                "reason": cell.omitted or "",
                "path": cell.client.sample(cell.operation),
            }
            for cell, state in states
        ]
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return 0
    width = max((len(cell.client.name) for cell, _ in states), default=0)
    last = None
    for cell, state in states:
        if cell.operation is not last:
            click.echo(f"{cell.operation.name}  {click.style(cell.operation.title, dim=True)}")
            last = cell.operation
        colour = {"ready": "green", "omitted": "yellow"}.get(state, "red")
        reason = f"  {cell.omitted}" if cell.omitted else ""
        click.echo(f"  {cell.client.name:{width}}  {click.style(state, fg=colour)}{reason}")
    return 0


@cli.command()
@click.argument("operation", shell_complete=complete("spec"))
@click.option(
    "--client",
    "client_name",
    required=True,
    metavar="LANGUAGE/CLIENT",
    shell_complete=complete("clients"),
    help="Such as python/tritonclient-grpc; `samplegen list` names them all.",
)
@connection_options
@catalogue_options
@json_option
def show(
    catalogue: Catalogue, operation: str, client_name: str, as_json: bool, **values: Any
) -> int:
    """Print one program, ready to paste.

    \b
    samplegen show infer-array --client python/tritonclient-grpc
    samplegen show infer-image --client curl/rest --host gpu7 --rest-port 8080 --model cats

    With --json also where each connection value stands in it (start and end, in characters).
    """
    problems: list[Any] = []
    found: list[Any] = []
    for find, name in (
        (catalogue.spec.operation, operation),
        (catalogue.clients.client, client_name),
    ):
        try:
            found.append(find(name))
        except UsageError as error:
            problems.extend(error.problems)
    if problems:
        raise UsageError(*problems)
    cell = Cell(*found)
    if cell.omitted is not None:
        raise SamplegenError(f"{cell.name}: {cell.omitted}")
    rendered = catalogue.render(cell, connection(catalogue.spec.api.connection, **values))
    if as_json:
        spans = [span._asdict() for span in rendered.spans]
        click.echo(json.dumps({"text": rendered.text, "spans": spans}, ensure_ascii=False))
    else:
        click.echo(rendered.text, nl=False)
    return 0


@cli.command()
@click.option("--check", is_flag=True, help="Write nothing; fail and show how the samples differ.")
@click.option("--output", type=EXISTING, default=SAMPLES, metavar="DIR", show_default=True)
@connection_options
@catalogue_options
def generate(catalogue: Catalogue, check: bool, output: Path, **values: Any) -> int:
    """Write all samples, or with --check, say whether those written are fresh.

    The same spec and templates make the same bytes on any machine. Files are replaced as a whole;
    a file of the folder that no sample accounts for is removed.
    """
    files = catalogue.files(connection(catalogue.spec.api.connection, **values))
    return _write_or_check(files, output, check, "samplegen generate")


def _write_or_check(files: dict[str, bytes], folder: Path, check: bool, command: str) -> int:
    """Makes `folder` hold `files`, or says whether it does; returns the exit status."""
    if not check:
        changed = write(files, folder)
        click.echo(f"{len(files)} files in {folder}, {len(changed)} changed", err=True)
        return 0
    found = list(drift(files, folder))
    for item in found:
        click.echo(f"{item.path}: {item.kind}")
        if item.diff:
            click.echo(item.diff)
    if found:
        click.echo(f"{_red('error')}: {folder} is not fresh; run {command}", err=True)
        return 1
    click.echo(f"{len(files)} files in {folder} are fresh", err=True)
    return 0


@cli.command()
@click.argument("operations", nargs=-1, shell_complete=complete("spec"), metavar="[OPERATION]...")
@click.option(
    "--client",
    "clients",
    multiple=True,
    metavar="LANGUAGE[/CLIENT]",
    shell_complete=complete("clients"),
    help="Only these; may be repeated. A language stands for all its clients.",
)
@click.option(
    "--require",
    multiple=True,
    metavar="LANGUAGE[/CLIENT]|all",
    help="Fail if any of their samples is skipped or any of their gates is not tried.",
)
@click.option(
    "--endpoint",
    metavar="HOST:GRPC_PORT:REST_PORT",
    help="Judge against this server instead of starting the bundled one.",
)
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Default: one for each core.")
@click.option(
    "--samples",
    type=EXISTING,
    metavar="DIR",
    help=f"The published samples. Default: {SAMPLES}, if there.",
)
@click.option(
    "--verdicts",
    "verdicts_file",
    type=EXISTING,
    default=VERDICTS,
    metavar="FILE",
    show_default=True,
    help="Where the verdicts are kept for the site.",
)
@click.option("--junit", type=EXISTING, metavar="FILE", help="A JUnit report.")
@cache_option
@catalogue_options
@json_option
def verify(
    catalogue: Catalogue,
    operations: tuple[str, ...],
    clients: tuple[str, ...],
    require: tuple[str, ...],
    endpoint: str | None,
    jobs: int | None,
    samples: Path | None,
    verdicts_file: Path,
    junit: Path | None,
    cache: Path,
    as_json: bool,
) -> int:
    """Build and run samples against a server, and judge what they did and printed.

    \b
    samplegen verify                                 everything, against the bundled server
    samplegen verify health --client python          one operation in one language
    samplegen verify --require all                   in CI: a missing tool is a failure
    samplegen verify --endpoint localhost:9000:8000  against your own server

    Each sample passes the gates identity, format, lint, build, run, wire and output, in order. The
    exit status is 1 when any sample fails, or is skipped although required.
    """
    # Imported here: `list` and `show` need none of it, and answer sooner without.
    try:
        from samplegen.judge import report, servers, verdicts
        from samplegen.judge.judging import Judge
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error

    cells = selected_cells(catalogue, operations, clients)
    required = matching_clients(catalogue, require, "--require")
    api = catalogue.spec.api
    address = endpoint_connection(api.connection, endpoint) if endpoint else None
    published = samples_folder(samples)
    verdicts.read(verdicts_file)  # a damaged file is better known before the work than after it
    with servers.reached(api, address) if address else servers.started(api) as target:
        judge = Judge(catalogue, target, published, cache)
        with report.progress(len(cells)) as judged:
            found = judge.judge(cells, jobs or os.cpu_count() or 1, judged)
    report.failures(found)
    if as_json:
        click.echo(verdicts.as_json(found))
    else:
        report.table(found)
    lacking = verdicts.lacking(found, required)
    for verdict in lacking:
        message = f"{verdict.operation} × {verdict.client} is required, yet: {verdict.reason}"
        click.echo(f"{_red('error')}: {message}", err=True)
    if junit is not None:
        write_file(junit, report.junit(found))
    verdicts.merge(verdicts_file, found, [cell.key for cell in catalogue.cells])
    return 1 if lacking or any(verdict.status == "failed" for verdict in found) else 0


@cli.command()
@click.option(
    "--require",
    multiple=True,
    metavar="LANGUAGE[/CLIENT]|all",
    help="Fail if anything is missing that these need; may be repeated.",
)
@catalogue_options
@json_option
def doctor(catalogue: Catalogue, require: tuple[str, ...], as_json: bool) -> int:
    """Show what is on this machine of what the samples need, and how to get the rest.

    \b
    samplegen doctor                  everything, with versions
    samplegen doctor --require java   fails if Java's samples could not be judged
    """
    try:
        from samplegen.judge import report, requirements
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error

    required = matching_clients(catalogue, require, "--require")
    found = requirements.examine(catalogue.clients.all(), os.cpu_count() or 1)
    if as_json:
        rows = [
            {
                "name": finding.requirement.name,
                "version": finding.version,
                "install": finding.requirement.install,
                "gates": finding.requirement.gates,
                "clients": finding.clients,
            }
            for finding in found
        ]
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        report.findings(found)
    missing = [f for f in found if f.version is None and not required.isdisjoint(f.clients)]
    for finding in missing:
        click.echo(
            f"{_red('error')}: {finding.requirement.name} is required, yet missing", err=True
        )
    return 1 if missing else 0


@cli.command(context_settings={"ignore_unknown_options": True})
@click.option("--grpc-port", type=click.IntRange(1, 65535), metavar="PORT")
@click.option("--rest-port", type=click.IntRange(1, 65535), metavar="PORT")
@click.argument("server_options", nargs=-1, type=click.UNPROCESSED)
@catalogue_options
def serve(catalogue: Catalogue, server_options: tuple[str, ...], **values: Any) -> NoReturn:
    """Start the bundled server with the bundled models on 9000 (gRPC) and 8000 (REST).

    Options that are not listed here go to the server as they are; `samplegen serve -- --help`
    tells its own.
    """
    from samplegen.judge import servers

    api = catalogue.spec.api
    command = servers.command_line(api.server, connection(api.connection, **values))
    os.execv(command[0], [*command, *server_options])  # noqa: S606  (the server takes our place)


@cli.command()
@click.option("--check", is_flag=True, help="Write nothing; fail and show how the schemas differ.")
@click.option("--output", type=EXISTING, default=SCHEMAS, metavar="DIR", show_default=True)
def schema(check: bool, output: Path) -> int:
    """Write the JSON Schemas of spec and template files, for editors.

    An editor with a YAML language server then completes keys and marks mistakes; the first line of
    a file names its schema:

    \b
    # yaml-language-server: $schema=schema/operation.json
    """
    from samplegen.schema import schemas

    return _write_or_check(schemas(), output, check, "samplegen schema")


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the script that completes commands, operations and clients.

    \b
    eval "$(samplegen completion bash)"     in ~/.bashrc; likewise zsh
    samplegen completion fish | source      in config.fish
    """
    complete_class = get_completion_class(shell)
    if complete_class is None:
        raise UsageError(f"no completion for {shell}")
    script = complete_class(cli, {}, "samplegen", "_SAMPLEGEN_COMPLETE").source()
    click.echo(script)
    return 0

"""The command line: one group of commands, and what becomes of their errors.

Exit status: 0 fine, 1 problems found, 2 wrong usage. Data goes to stdout, all else to stderr.
"""

from collections.abc import Sequence
from importlib import import_module

import click

from samplegen.commands.printing import error
from samplegen.errors import SamplegenError, nearest

COMMANDS = (
    "init",
    "list",
    "show",
    "model",
    "conform",
    "export",
    "record",
    "generate",
    "verify",
    "merge",
    "overlay",
    "doctor",
    "serve",
    "mcp",
    "schema",
    "completion",
)
"""In the order in which one uses them; each is the `command` of its module."""

_INTERRUPTED = 130


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit status and lets no exception through."""
    try:
        status = cli.main(arguments, prog_name="samplegen", standalone_mode=False)
    except SamplegenError as failure:
        for problem in failure.problems:
            error(problem)
        return failure.exit_code
    except click.ClickException as failure:
        failure.show()
        return failure.exit_code
    except OSError as failure:
        error(str(failure))
        return 1
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted; nothing was left half-written", err=True)
        return _INTERRUPTED
    return int(status or 0)


class _Group(click.Group):
    """Imports a command only when it is asked for, and has a hint for a mistyped one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"samplegen.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            ctx.fail(f"no command {args[0]!r}; {nearest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="samplegen", prog_name="samplegen")
def cli() -> None:
    """Generate, build and test code samples of an inference API in many languages.

    \b
    samplegen list                                    show all operations and clients
    samplegen show health --client curl/rest          print one program
    samplegen export health --client go/grpc DIR      write it as a complete project
    samplegen verify                                  build and test all samples

    Shell completion: eval "$(samplegen completion bash)"; also for zsh and fish.
    """

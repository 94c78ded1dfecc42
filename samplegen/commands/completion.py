"""`samplegen completion`: what a shell needs to complete commands, operations and clients."""

import click
from click.shell_completion import get_completion_class

from samplegen.errors import UsageError


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print the shell completion script for commands, operations and clients.

    \b
    eval "$(samplegen completion bash)"     in ~/.bashrc; likewise zsh
    samplegen completion fish | source      in config.fish
    """
    complete_class = get_completion_class(shell)
    if complete_class is None:
        raise UsageError(f"no completion for {shell}")
    script = complete_class(
        ctx.find_root().command, {}, "samplegen", "_SAMPLEGEN_COMPLETE"
    ).source()
    click.echo(script)
    return 0

"""`genkit completion`: a shell's completion script."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from genkit.errors import UsageError
from genkit_cli.options import Names
from genkit_cli.output import show

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=Names("shell", SHELLS), metavar="SHELL")
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the completion script of SHELL.

    \b
    bash: add to ~/.bashrc   eval "$(genkit completion bash)"
    zsh:  add to ~/.zshrc    eval "$(genkit completion zsh)"
    fish: genkit completion fish > ~/.config/fish/completions/genkit.fish
    """
    found = get_completion_class(shell)
    if found is None:
        raise UsageError(f"no completion for {shell}")
    root = context.find_root().command
    # `source_vars` and the template need no shell; `source()` would run bash to ask its version.
    completion = found(root, {}, "genkit", "_GENKIT_COMPLETE")
    show(completion.source_template % completion.source_vars())

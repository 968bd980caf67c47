"""The group behind `genkit`: commands imported when called, and one place for failures."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click
from click.shell_completion import CompletionItem

from genkit.errors import unknown
from genkit_cli import failures


@dataclass(frozen=True)
class LazyCommand:
    """A command that is imported when it is called.

    Args:
        target: `module:attribute`.
        help: one line for `genkit --help`, which imports no command.
    """

    target: str
    help: str

    def load(self) -> click.Command:
        module, _, attribute = self.target.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


# Accepted before and after the command's name, since nobody remembers where it belongs.
debug_option = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=lambda context, parameter, value: failures.set_debug() if value else None,
    help="Show a traceback on failure, as GENKIT_DEBUG=1 does.",
)


class Genkit(click.Group):
    """A group with a table of lazy commands, and with genkit's exit codes."""

    def __init__(
        self, *args: Any, commands_table: Mapping[str, LazyCommand] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.table = dict(commands_table or {})
        self._loaded: dict[str, click.Command] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.table:
            return None
        if cmd_name not in self._loaded:
            command = self.table[cmd_name].load()
            command.name = cmd_name
            _accept_debug(command)
            self._loaded[cmd_name] = command
        return self._loaded[cmd_name]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.table and not args[0].startswith("-"):
            ctx.fail(unknown("command", args[0], self.table))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self.table.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        found = [
            CompletionItem(name, help=entry.help)
            for name, entry in self.table.items()
            if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        with _closed_pipe_is_no_error():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> None:
        """Runs the command; what it returns is not an exit code, `ctx.exit` gives one."""
        with _closed_pipe_is_no_error():
            super().invoke(ctx)
            sys.stdout.flush()

    def main(  # type: ignore[override]  # click declares overloads, one for each mode
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> int:
        """Runs a command line, reports failures and exits; returns the exit code only
        where `standalone_mode` is False."""
        arguments = list(sys.argv[1:] if args is None else args)
        failures.reset_debug()
        try:
            code = super().main(
                arguments, prog_name or "genkit", complete_var, standalone_mode=False, **extra
            )
        except (Exception, KeyboardInterrupt) as error:
            code = failures.report(error, as_json=_asks_for_json(arguments))
            try:
                sys.stdout.flush()
            except OSError:  # such as a full disk, which was reported
                _give_up_output()
        code = code if isinstance(code, int) else 0
        if standalone_mode:
            sys.exit(code)
        return code


def _accept_debug(command: click.Command) -> None:
    """Adds a hidden `--debug` to a command, and to those below it."""
    if not any(parameter.name == "debug" for parameter in command.params):
        debug_option(command)
        option = command.params[-1]
        if isinstance(option, click.Option):
            option.hidden = True
    for inner in command.commands.values() if isinstance(command, click.Group) else ():
        _accept_debug(inner)


def _asks_for_json(arguments: Sequence[str]) -> bool:
    """Whether `--json` is given: also known where the rest of the line cannot be parsed."""
    options = list(arguments)
    return "--json" in (options[: options.index("--")] if "--" in options else options)


@contextlib.contextmanager
def _closed_pipe_is_no_error() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        _give_up_output()
        raise click.exceptions.Exit(0) from None


def _give_up_output() -> None:
    """Leads standard output nowhere: Python flushes it once more when it ends, and if that failed,
    the exit code would be another one."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

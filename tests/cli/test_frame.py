"""The frame of the command line: help, failures, exit codes, `--json`."""

import errno
import json
import os
import subprocess
import sys

import click
import pytest

from genkit.errors import Problem, RecipeError, StoppedError
from genkit_cli import output
from genkit_cli.frame import Genkit, LazyCommand
from genkit_cli.main import COMMANDS, cli

NAMES = (
    "bench, check, completion, data, env, eval, info, list, recipe, sample, score, train, validate"
)


@pytest.fixture
def failing(monkeypatch):
    """A command `fail` that raises what the test asks for."""
    raised: list[BaseException] = []

    @click.command()
    @click.option("--json", "as_json", is_flag=True)
    def command(as_json: bool) -> None:
        raise raised[0]

    monkeypatch.setattr(LazyCommand, "load", lambda self: command)
    monkeypatch.setitem(cli.table, "fail", LazyCommand("", "Fail."))
    yield raised.append
    cli._loaded.pop("fail", None)


def test_help_names_every_command_on_one_line(run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    for name, entry in COMMANDS.items():
        assert f"  {name}" in result.stdout
        assert entry.help in result.stdout
    assert "genkit train RECIPE" in result.stdout
    assert run("-h").stdout == result.stdout


def test_version(run) -> None:
    assert run("--version").stdout.startswith("genkit, version ")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["trian"], f"unknown command 'trian'. Did you mean 'train'? Allowed: {NAMES}."),
        (["xyzzy"], f"unknown command 'xyzzy'. Allowed: {NAMES}."),
        (["list", "--jsn"], "No such option '--jsn'. Did you mean '--json'?"),
        (
            ["list", "recipe"],
            "Invalid value for '[KIND]': unknown kind 'recipe'. Did you mean 'recipes'? "
            "Allowed: datasets, environments, families, recipes, runs.",
        ),
        (["list", "recipes", "more"], "Got unexpected extra argument (more)"),
        (["info"], "Missing argument 'NAME'."),
        (["validate"], "Missing argument 'RECIPE...'."),
        (
            ["completion", "bsh"],
            "Invalid value for 'SHELL': unknown shell 'bsh'. Did you mean 'bash'? "
            "Allowed: bash, fish, zsh.",
        ),
        (["recipe", "shw"], "No such command 'shw'. Did you mean 'show'?"),
        (["info", "digits", "-o"], "Option '-o' requires an argument."),
    ],
)
def test_wrong_usage_exits_2_and_says_so_in_words_and_in_json(run, args, message) -> None:
    result = run(*args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert f"Error: {message}" in result.stderr
    assert "Try 'genkit" in result.stderr or "-o" in args
    if args[0] == "completion":  # its output is a script
        return
    result = run(*args, "--json") if "-o" not in args else run(*args[:1], "--json", *args[1:])
    assert result.exit_code == 2
    error = json.loads(result.stdout.splitlines()[-1])
    assert error["schema"] == 1
    assert error["error"]["code"] == "usage"
    assert error["error"]["message"] == message
    assert error["error"]["problems"] == []


def test_no_command_shows_the_help(run) -> None:
    result = run()
    assert result.exit_code == 2
    assert "Commands:" in result.stderr + result.stdout


@pytest.mark.parametrize(
    ("error", "exit_code", "code", "text"),
    [
        (
            RecipeError("r.yaml: 1 problem", [Problem("must be text", "a.b", "r.yaml", 3)]),
            2,
            "recipe",
            "Error: r.yaml: 1 problem\n  r.yaml:3: a.b: must be text\n",
        ),
        (StoppedError("stopped at step 3", 15), 143, "stopped", "Error: stopped at step 3\n"),
        (StoppedError("stopped at step 3", 2), 130, "stopped", "Error: stopped at step 3\n"),
        (KeyboardInterrupt(), 130, "stopped", "\ninterrupted\n"),
        (
            OSError(errno.ENOSPC, "No space left on device", "x.npz"),
            1,
            "os",
            "Error: No space left on device: x.npz\n",
        ),
        (
            MemoryError(),
            1,
            "memory",
            "Error: out of memory. A smaller train.batch_size, a larger train.accumulate or a "
            "smaller --tile needs less.\n",
        ),
        (
            RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 12 bytes"),
            1,
            "memory",
            "Error: out of memory. A smaller train.batch_size, a larger train.accumulate or a "
            "smaller --tile needs less.\n",
        ),
        (
            TypeError("f() takes\nmore"),
            1,
            "internal",
            "Error: unexpected TypeError: f() takes (run again with --debug to see where)\n",
        ),
        (
            EOFError(),
            1,
            "internal",
            "Error: unexpected EOFError (run again with --debug to see where)\n",
        ),
        (click.FileError("x", "gone"), 1, "failure", "Error: Could not open file 'x': gone\n"),
    ],
)
def test_failures(run, failing, error, exit_code: int, code: str, text: str) -> None:
    failing(error)
    result = run("fail")
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert result.stderr.lstrip("\n") == text.lstrip("\n")
    result = run("fail", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == exit_code
    assert found["schema"] == 1
    assert found["error"]["code"] == code
    assert isinstance(found["error"]["message"], str)


def test_problems_are_part_of_the_json(run, failing) -> None:
    failing(RecipeError("wrong", [Problem("must be text", "a.b", "r.yaml", 3)]))
    found = json.loads(run("fail", "--json").stdout)
    assert found["error"]["problems"] == [
        {"message": "must be text", "key": "a.b", "source": "r.yaml", "line": 3}
    ]


def test_tracebacks_are_shown_only_when_asked_for(run, failing, monkeypatch) -> None:
    failing(TypeError("oops"))
    assert "Traceback" not in run("fail").stderr
    assert "Traceback" in run("--debug", "fail").stderr
    assert "Traceback" in run("fail", "--debug").stderr
    assert "Traceback" not in run("fail").stderr
    monkeypatch.setenv("GENKIT_DEBUG", "1")
    assert "Traceback" in run("fail").stderr
    monkeypatch.setenv("GENKIT_DEBUG", "0")
    assert "Traceback" not in run("fail").stderr


def test_debug_is_accepted_below_a_group(run) -> None:
    assert "Traceback" in run("recipe", "show", "nope", "--debug").stderr


def test_a_value_called_json_after_a_double_dash_is_no_option(run) -> None:
    result = run("validate", "--", "--json")
    assert result.exit_code == 2
    assert result.stdout == ""


def test_what_a_command_returns_is_no_exit_code(monkeypatch) -> None:
    command = click.Command("x", callback=lambda: 7)
    monkeypatch.setattr(LazyCommand, "load", lambda self: command)
    group = Genkit("genkit", commands_table={"x": LazyCommand("", "")})
    assert group.main(["x"], standalone_mode=False) == 0


def test_exit_codes_of_commands_are_kept(monkeypatch) -> None:
    def leave() -> None:
        click.get_current_context().exit(3)

    monkeypatch.setattr(LazyCommand, "load", lambda self: click.Command("x", callback=leave))
    group = Genkit("genkit", commands_table={"x": LazyCommand("", "")})
    assert group.main(["x"], standalone_mode=False) == 3


def test_json_holds_neither_nan_nor_infinity(capsys) -> None:
    import numpy as np

    output.emit({"a": float("nan"), "b": [np.float32(1.5), np.inf], "c": np.arange(2)})
    assert json.loads(capsys.readouterr().out) == {
        "schema": 1,
        "a": None,
        "b": [1.5, None],
        "c": [0, 1],
    }


@pytest.mark.parametrize(
    ("count", "text"), [(5, "5 bytes"), (1500, "1.5 kB"), (19.8e6, "19.8 MB"), (3e12, "3 TB")]
)
def test_bytes(count: float, text: str) -> None:
    assert output.bytes_text(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.6, "5 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_seconds(seconds: float, text: str) -> None:
    assert output.seconds_text(seconds) == text


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
@pytest.mark.parametrize(
    "args", [["--help"], ["list"], ["recipe", "show", "gated_pixelcnn/digits"]]
)
def test_a_closed_pipe_is_no_error(args, truly) -> None:
    code = (
        "import os, sys\n"
        "read, write = os.pipe()\n"
        "os.close(read)\n"
        "os.dup2(write, 1)\n"
        f"sys.argv = ['genkit', *{args!r}]\n"
        "from genkit_cli.main import main\n"
        "main()\n"
    )
    result = truly(code=code)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_line(truly) -> None:
    code = "import sys; sys.argv = ['genkit', 'list']\nfrom genkit_cli.main import main\nmain()\n"
    with open("/dev/full", "w") as full:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        result = subprocess.run(
            [sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True,
            env=environment, timeout=60, check=False,
        )  # fmt: skip
    assert result.returncode == 1
    assert result.stderr.splitlines()[0] == "Error: No space left on device"

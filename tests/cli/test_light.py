"""`--help`, `list`, `info` and `validate` answer without TensorFlow, and at once."""

import json

import pytest

HEAVY = ("tensorflow", "keras", "jax", "torch", "sklearn", "matplotlib", "librosa")
CODE = """
import json, resource, sys
sys.argv = ["genkit", *{args!r}]
from genkit_cli.main import main
try:
    main()
except SystemExit as end:
    used = resource.getrusage(resource.RUSAGE_SELF)
    loaded = [name for name in {heavy!r} if name in sys.modules]
    print(json.dumps([end.code, used.ru_utime + used.ru_stime, loaded]), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "args",
    [
        ["--help"],
        ["--version"],
        ["list"],
        ["list", "recipes", "--json"],
        ["list", "runs"],
        ["info", "gated_pixelcnn"],
        ["info", "gated_pixelcnn/digits"],
        ["validate", "gated_pixelcnn/digits", "studies/digits-seeds"],
        ["recipe", "show", "gated_pixelcnn/digits", "--resolved"],
        ["completion", "bash"],
    ],
)
def test_nothing_heavy_is_imported(args, truly) -> None:
    result = truly(code=CODE.format(args=args, heavy=HEAVY))
    code, seconds, loaded = json.loads(result.stderr.splitlines()[-1])
    assert (code, loaded) == (0, [])
    if args[0] in ("list", "--help", "--version"):
        assert seconds < 0.5


def test_list_is_quick_with_runs_too(truly, folder) -> None:
    run = folder / "runs" / "digits-12345678"
    run.mkdir(parents=True)
    (run / "recipe.yaml").write_text("family: gated_pixelcnn\n")
    (run / "metadata.json").write_text('{"recipe": "gated_pixelcnn/digits", "steps": 5}')
    result = truly(code=CODE.format(args=["list"], heavy=HEAVY))
    code, seconds, loaded = json.loads(result.stderr.splitlines()[-1])
    assert "digits-12345678  gated_pixelcnn/digits, step 0 of 5" in result.stdout
    assert (code, loaded) == (0, [])
    assert seconds < 0.5

"""The wheel works where there is no checkout, and an editable install reads the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DIGITS = "gated_pixelcnn/digits"
RECIPES = sorted(
    path.relative_to(ROOT / "recipes").as_posix()
    for path in (ROOT / "recipes").rglob("*")
    if path.suffix in (".yaml", ".mk")
)


def run(*command: str | Path, cwd: Path, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Run a command away from the checkout, without settings that lead back to it."""
    settings = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "GENKIT"))}
    finished = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=settings,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert finished.returncode == 0, f"{command}\n{finished.stdout}\n{finished.stderr}"
    return finished


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from the source distribution built from the checkout."""
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    run(*build, cwd=out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of an environment with the wheel, and the dependencies of this one.

    The dependencies come over a plain line in a .pth file: that adds their folder to the path
    but does not read the .pth files within it, so the editable checkout stays out of sight.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(run(python, "-c", where, cwd=folder).stdout.strip())
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    run(*pip, "--no-deps", "--no-index", wheel, cwd=folder)
    here = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    (site / "dependencies.pth").write_text("\n".join(here) + "\n", encoding="utf-8")
    return scripts


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """An empty folder to work in."""
    return tmp_path


def last_json(finished: subprocess.CompletedProcess[str]) -> dict[str, object]:
    answer = json.loads(finished.stdout.splitlines()[-1])
    assert answer["schema"] == 1
    return answer


def test_the_wheel_holds_the_packages_and_the_recipes(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    tops = {name.split("/")[0] for name in names}
    assert tops == {"genkit", "genkit_cli", wheel.name.split("-py3")[0] + ".dist-info"}
    assert f"genkit/_recipes/{DIGITS}.yaml" in names
    missing = [name for name in RECIPES if f"genkit/_recipes/{name}" not in names]
    assert not missing
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_installed_package_is_the_wheel(installed: Path, elsewhere: Path) -> None:
    show = (
        "import genkit, genkit_cli; from importlib.metadata import version; "
        "print(genkit.__file__); print(genkit_cli.__file__); "
        "print(genkit.__version__ == version('genkit-keras'))"
    )
    lines = run(installed / "python", "-c", show, cwd=elsewhere).stdout.split("\n")
    environment = installed.parent.resolve()
    assert Path(lines[0]).resolve().is_relative_to(environment)
    assert Path(lines[1]).resolve().is_relative_to(environment)
    assert lines[2] == "True"


def test_the_wheel_lists_and_validates_recipes(installed: Path, elsewhere: Path) -> None:
    listed = run(installed / "genkit", "list", "recipes", cwd=elsewhere)
    assert DIGITS in listed.stdout
    run(installed / "genkit", "validate", DIGITS, cwd=elsewhere)
    assert not list(elsewhere.iterdir()), "listing and validating write nothing"


def test_the_wheel_trains_a_recipe(installed: Path, elsewhere: Path) -> None:
    genkit = installed / "genkit"
    train = run(
        genkit, "train", DIGITS, "--steps", "2", "--run", "two-steps", "--json", cwd=elsewhere
    )
    assert last_json(train)["step"] == 2
    assert (elsewhere / "two-steps" / "recipe.yaml").is_file()
    assert str(ROOT) not in (elsewhere / "two-steps" / "metadata.json").read_text(encoding="utf-8")


def test_an_editable_install_reads_the_recipes_of_the_checkout(elsewhere: Path) -> None:
    genkit = Path(sys.executable).parent / "genkit"
    if not genkit.exists():
        pytest.skip("genkit is not installed in this environment")
    show = "import genkit; print(genkit.__file__)"
    at = run(sys.executable, "-c", show, cwd=elsewhere).stdout.strip()
    assert Path(at).resolve() == (ROOT / "genkit" / "__init__.py").resolve()
    root = "from genkit.recipe import catalogue; print(catalogue.root())"
    folder = run(sys.executable, "-c", root, cwd=elsewhere).stdout.strip()
    assert Path(folder).resolve() == (ROOT / "recipes").resolve()
    assert DIGITS in run(genkit, "list", "recipes", cwd=elsewhere).stdout


@pytest.mark.long
def test_the_wheel_with_its_dependencies_in_an_empty_environment(
    wheel: Path, elsewhere: Path
) -> None:
    """What `pip install genkit-keras` gives: the newest versions that the ranges allow."""
    venv.create(elsewhere / "empty", with_pip=True, symlinks=os.name != "nt")
    scripts = elsewhere / "empty" / ("Scripts" if os.name == "nt" else "bin")
    away = elsewhere / "away"
    away.mkdir()
    pip = [scripts / "python", "-m", "pip", "--disable-pip-version-check"]
    run(*pip, "install", "--quiet", wheel, cwd=away, timeout=1800)
    run(*pip, "check", cwd=away)
    assert DIGITS in run(scripts / "genkit", "list", "recipes", cwd=away).stdout
    genkit = scripts / "genkit"
    run(genkit, "train", DIGITS, "--steps", "2", "--run", "r", "--json", cwd=away, timeout=900)
    sample = run(genkit, "sample", "r", "-n", "2", "--out", "s", "--json", cwd=away, timeout=900)
    assert last_json(sample)["count"] == 2

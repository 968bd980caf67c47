"""Names of shipped recipes, which cannot leave their folder."""

import pytest

from genkit.errors import UsageError
from genkit.recipe import catalogue, yaml_reader


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder of recipes in place of the shipped ones."""
    root = tmp_path / "recipes"
    (root / "family" / "deep").mkdir(parents=True)
    (root / "family" / "one.yaml").write_text("description: The first # one\nfamily: x\n")
    (root / "family" / "deep" / "two.yaml").write_text("description: >\n  Two\n  lines\n")
    (root / "family" / "three.yaml").write_text("kind: study\ndescription: 'It''s'\n")
    (root / "none.yaml").write_text("family: x\n")
    monkeypatch.setattr(catalogue, "root", lambda: root)
    return root


def test_names_are_found_at_any_depth(shelf) -> None:
    assert catalogue.names() == ["family/deep/two", "family/one", "family/three", "none"]
    assert catalogue.names("study") == ["family/three"]


def test_summaries(shelf) -> None:
    found = {name: catalogue.summary(name) for name in catalogue.names()}
    assert found == {
        "family/one": "The first",
        "family/deep/two": "Two lines",
        "family/three": "It's",
        "none": "",
    }


def test_the_quick_summary_of_shipped_recipes_is_the_parsed_one() -> None:
    assert catalogue.names()
    for name in catalogue.names():
        values = yaml_reader.read(catalogue.path(name)).values
        assert catalogue.summary(name) == " ".join(values["description"].split()), name
        assert catalogue.summary(name), f"{name} has no description"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "family/on",
            "unknown recipe 'family/on'. Did you mean 'family/one'? "
            "Allowed: family/deep/two, family/one, family/three, none.",
        ),
        (
            "two",
            "unknown recipe 'two'. Did you mean 'family/deep/two'? "
            "Allowed: family/deep/two, family/one, family/three, none.",
        ),
        (
            "family",
            "'family' is a folder of recipes. Allowed: family/deep/two, family/one, family/three.",
        ),
        (
            "../secret",
            "no recipe '../secret': a name stays within the shipped recipes. "
            "Give a file as a path that ends in .yaml.",
        ),
        (
            "/etc/passwd_",
            "no recipe '/etc/passwd_': a name stays within the shipped recipes. "
            "Give a file as a path that ends in .yaml.",
        ),
        ("family/one.yaml", "no file 'family/one.yaml'. The shipped recipe is named 'family/one'."),
        ("folder", "'folder' is a folder; name a recipe's file."),
        ("mine.yaml", "no file 'mine.yaml'."),
        ("", "a recipe is a path or a name. Received: ''"),
        ("a\0b", "a recipe is a path or a name. Received: 'a\\x00b'"),
    ],
)
def test_wrong_references(shelf, tmp_path, monkeypatch, name: str, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "secret.yaml").write_text("family: x\n")
    with pytest.raises(UsageError) as caught:
        catalogue.locate(name)
    assert caught.value.message == message


def test_links_out_of_the_folder_are_refused(shelf, tmp_path) -> None:
    (tmp_path / "secret.yaml").write_text("family: x\n")
    (shelf / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    assert "link" not in catalogue.names()
    with pytest.raises(UsageError, match="is a link out of the folder of recipes"):
        catalogue.path("link")


def test_a_file_is_a_reference_whatever_it_is_called(shelf, tmp_path) -> None:
    (tmp_path / "recipe").write_text("family: x\n")
    assert catalogue.locate("recipe", tmp_path) == tmp_path / "recipe"

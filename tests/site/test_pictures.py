"""The pictures of the README: small, there for both schemes, and made by a script that works."""

import re
from html import unescape
from pathlib import Path

import pytest

from tests.site import pictures
from tests.site.building import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
LARGEST = 150_000
PNG = b"\x89PNG\r\n\x1a\n"


def shown() -> list[str]:
    return re.findall(r'src(?:set)?="([^"]+)"', README)


def test_the_readme_shows_both_pictures_in_both_schemes() -> None:
    opening = README.partition("## ")[0]
    assert opening.count("<picture>") == 2
    assert opening.count('media="(prefers-color-scheme: dark)"') == 2
    folder = pictures.FOLDER.relative_to(ROOT).as_posix()
    kinds = {"operation": "png", "run": "svg"}
    assert sorted(shown()) == sorted(
        f"{folder}/{what}-{scheme}.{kind}"
        for what, kind in kinds.items()
        for scheme in pictures.SCHEMES
    )


def test_they_are_there_and_small() -> None:
    for name in shown():
        assert 1000 < (ROOT / name).stat().st_size < LARGEST, name


@pytest.mark.processes
@pytest.mark.timeout(300)
def test_the_script_makes_them(tmp_path: Path) -> None:
    made = {path.name: path.read_bytes() for path in pictures.make(tmp_path, ["curl/rest"])}
    assert made.keys() == {Path(name).name for name in shown()}
    for name, content in made.items():
        assert 1000 < len(content) < LARGEST
        if name.endswith(".png"):
            assert content.startswith(PNG)
        else:
            words = unescape(re.sub("<[^>]*>", "", content.decode())).replace("\xa0", " ")
            assert f"$ samplegen verify {pictures.OPERATION} --verbose" in words
            assert "curl/rest" in words
            assert "1 passed" in words
            assert b"http" not in content.replace(b"http://www.w3.org/2000/svg", b"")

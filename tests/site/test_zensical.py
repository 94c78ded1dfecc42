# ruff: noqa: F401, F811  (tests and a fixture that are imported to be run here)
"""The export as Zensical builds it: a reader does on its pages what one does on those of mkdocs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from samplegen.site.export import main
from tests.site import building
from tests.site.building import Site
from tests.site.test_browser import (
    page,
    test_a_download_has_the_shown_values,
    test_a_hostile_value_changes_nothing,
    test_a_link_leads_to_a_sample_and_keeps_the_choice,
    test_a_link_picks_a_language,
    test_a_phone_never_scrolls_sideways,
    test_an_address_may_be_pasted,
    test_an_unknown_language_is_named,
    test_copied_is_what_was_judged,
    test_errors_are_filtered,
    test_own_values_are_those_the_generator_would_write,
    test_reset_brings_the_verified_bytes_back,
    test_tabs_switch_together_and_stay,
    test_the_filter_finds_a_whole_message_with_other_addresses,
    test_the_form_builds_the_command_for_all_else,
    test_the_lines_that_call_the_server_come_first,
    test_without_a_version_samples_are_those_the_generator_would_write,
    test_without_scripts,
    test_without_scripts_the_whole_program_is_there,
)
from tests.site.test_pages import SCORES


@pytest.fixture(scope="module")
def site(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The export of the repository's site, built by Zensical."""
    folder = tmp_path_factory.mktemp("zensical")
    scores = folder / "mutants.json"
    scores.write_text(json.dumps(SCORES), encoding="utf-8")
    config = building.configure(folder, site.book, plugin={"mutants": str(scores)})
    project = folder / "export"
    assert main([str(project), "--config-file", str(config)]) == 0
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=project,
        env=building.ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Site(project / "site", site.book, done.stdout)


@pytest.fixture(scope="module")
def address(site: Site) -> Iterator[str]:
    with building.served(site.folder) as address:
        yield address


def test_badges_and_folds_open(page: Any) -> None:
    page.goto("/operations/infer-array/")
    badge = page.locator(".sg-badge:visible").first
    assert "Verified" in badge.inner_text()
    badge.locator("summary").click()
    assert badge.locator("dt >> text=SHA-256").is_visible()
    page.goto("/verification/")
    fold = page.locator(".sg-fold").first
    fold.locator("summary").click()
    assert fold.locator("table").is_visible()

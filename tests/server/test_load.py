"""The load and fault run, in short; ``python -m tests.server.load`` runs it for a minute."""

import pytest

from tests.server import load


def test_short_run(capsys: pytest.CaptureFixture[str]) -> None:
    status = load.main(["--seconds", "4", "--clients", "16"])
    assert status == 0, capsys.readouterr().out

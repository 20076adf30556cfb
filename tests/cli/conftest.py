"""Fixture that runs a command and returns its exit status and output."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from fracture_core.cli.main import main


class CommandResult(NamedTuple):
    """Exit status and output of a command."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@pytest.fixture
def run_command(capsys) -> Callable[..., CommandResult]:
    """Run a command in this process."""

    def run(*arguments: object) -> CommandResult:
        capsys.readouterr()
        status = main([str(word) for word in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return CommandResult(status, out, err)

    return run

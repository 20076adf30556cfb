"""The command reference docs/cli.md, and the modules that `--help` loads."""

import subprocess
import sys
from pathlib import Path

import pytest

from fracture_core.cli.main import COMMANDS, build_parser
from fracture_core.cli.reference import DOCUMENT, update_document

ROOT = Path(__file__).resolve().parents[2]


def test_the_reference_is_current():
    """If this fails: python -m fracture_core.cli.reference."""
    text = DOCUMENT.read_text("utf-8")
    assert text == update_document(text)


def test_every_command_is_a_module_with_a_description():
    parser = build_parser()
    (commands,) = [action for action in parser._actions if action.dest == "command"]
    assert list(commands.choices) == list(COMMANDS)
    assert all(command.description.endswith(".") for command in commands.choices.values())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["predict", "--help"], ["runs", "--help"]])
def test_help_loads_no_numerical_library(arguments):
    code = (
        "import sys\n"
        "from fracture_core.cli.main import main\n"
        "try:\n"
        f"    main({arguments!r})\n"
        "except SystemExit:\n"
        "    print(sorted({'numpy', 'cv2', 'pandas', 'tensorflow'} & set(sys.modules)), file=sys.stderr)\n"
    )
    completed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert completed.stderr == "[]\n"

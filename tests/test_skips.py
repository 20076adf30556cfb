"""The rule on skipped tests, in a separate pytest session."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_TESTS = """
import pytest

def test_runs():
    pass

@pytest.mark.real
def test_on_real_images(real_data):
    if (real_data / "broken").exists():
        pytest.skip("no reason")
"""
_LAZY = """
import pytest

def test_lazy():
    pytest.skip("not today")
"""


def _session(folder: Path, data: Path, no_skips: str, *files: str) -> subprocess.CompletedProcess:
    shutil.copy(Path(__file__).parent / "conftest.py", folder)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    real: real radiographs\n")
    for number, text in enumerate(files):
        (folder / f"test_{number}.py").write_text(text)
    environment = {**os.environ, "SECOND_LOOK_DATA": str(data), "SECOND_LOOK_NO_SKIPS": no_skips}
    environment.pop("PYTEST_ADDOPTS", None)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("data", "no_skips", "files", "status", "skipped"),
    [
        ("absent", "1", (_TESTS,), 0, ""),
        ("absent", "1", (_TESTS, _LAZY), 1, "test_1.py::test_lazy"),
        ("broken", "1", (_TESTS,), 1, "test_0.py::test_on_real_images"),
        ("broken", "", (_TESTS, _LAZY), 0, ""),
    ],
    ids=["no real images", "another skipped test", "real images exist", "skips are allowed"],
)
def test_skips_fail_a_session_that_forbids_them(tmp_path, data, no_skips, files, status, skipped):
    folder = tmp_path / "session"
    folder.mkdir()
    if data != "absent":
        (tmp_path / data / "broken").mkdir(parents=True)
    completed = _session(folder, tmp_path / data, no_skips, *files)
    assert completed.returncode == status, completed.stdout + completed.stderr
    assert ("skips are forbidden" in completed.stdout) == bool(skipped)
    assert skipped in completed.stdout.partition("skips are forbidden")[2]

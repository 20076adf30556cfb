"""The licences of all packages let this project be distributed, and the check finds those that do not."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def audit():
    """The script `.ci/audit.py` as a module."""
    spec = importlib.util.spec_from_file_location("audit_script", ROOT / ".ci" / "audit.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_licences_of_all_packages_are_allowed(audit):
    assert audit.licence_problems() == []


@pytest.mark.parametrize(
    ("licence", "is_allowed"),
    [
        ("MIT", True),
        ("Apache-2.0", True),
        ("BSD License", True),
        ("GNU Lesser General Public License v3 (LGPLv3)", True),
        ("MIT OR GPL-2.0", True),
        ("AGPL-3.0", False),
        ("GPL-3.0-only", False),
        ("GNU General Public License v2 (GPLv2)", False),
        ("GNU Affero General Public License v3", False),
        ("Proprietary", False),
        ("unknown", False),
    ],
)
def test_licence_is_judged(audit, monkeypatch, licence, is_allowed):
    monkeypatch.setattr(audit, "licence_of", lambda name: licence)
    assert (audit.licence_problems() == []) is is_allowed


def test_vulnerabilities_are_skipped_with_a_line_without_pip_audit(audit, monkeypatch, capsys):
    monkeypatch.setattr(audit.importlib.util, "find_spec", lambda name: None)
    assert audit.find_vulnerabilities() == 0
    assert capsys.readouterr().out.startswith("Skipped: known vulnerabilities")

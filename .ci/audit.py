"""Licences and known vulnerabilities of the installed packages: `python .ci/audit.py`.

The licence of every package in the requirements files is read from its metadata, without a network. Vulnerabilities
come from pip-audit, which asks a service on the internet; where there is none, or pip-audit is not installed, that
part is skipped with a line that says so.
"""

import importlib.metadata
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = ("requirements.txt", "requirements-reader.txt", "requirements-scale.txt")

# Licences that let this project be distributed under Apache-2.0 with its dependencies beside it.
_ALLOWED = re.compile(
    r"apache|\b(free)?bsd|\bmit\b|\bisc\b|\bpsf\b|python software foundation|mozilla|mpl-2|zlib|unlicense|"
    r"public domain|cc0|"
    r"lgpl|lesser general|hpnd|historical permission|boost|\bbsl-1|0bsd|mit-cmu|\bzpl",
    re.IGNORECASE,
)
_FORBIDDEN = re.compile(
    r"\bagpl|affero|(?<!l)(?<!lesser )gpl-?v?[23]|(?<!lesser )general public license", re.IGNORECASE
)


def requirement_names(path: Path) -> list[str]:
    """Names of the packages in a requirements file."""
    lines = path.read_text("utf-8").splitlines()
    return [match[0].lower() for line in lines if (match := re.match(r"[A-Za-z0-9._-]+", line))]


def licence_of(name: str) -> str:
    """The licence that a package states: its expression, else its classifiers, else its text; "" if it is not here."""
    try:
        metadata = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
    if expression := metadata.get("License-Expression"):
        return str(expression)
    classifiers = [each for each in metadata.get_all("Classifier") or () if each.startswith("License ::")]
    stated = "; ".join(each.rsplit("::", 1)[-1].strip() for each in classifiers) or str(
        metadata.get("License") or ""
    )
    return stated or _licence_file(name) or "unknown"


def _licence_file(name: str) -> str:
    """The beginning of the licence text that a package contains; "" if there is none."""
    for path in importlib.metadata.files(name) or ():
        if path.name.upper().startswith(("LICENSE", "LICENCE", "COPYING")):
            return " ".join(path.read_text("utf-8").split())[:300]
    return ""


def licence_problems() -> list[str]:
    """Packages whose licence is not allowed or unknown."""
    problems = []
    for name in sorted(
        {name for file in FILES if (ROOT / file).is_file() for name in requirement_names(ROOT / file)}
    ):
        licence = licence_of(name)
        # Some packages put a whole licence text there; its first lines name it.
        start = licence[:300]
        if licence and (not _ALLOWED.search(start) or (_FORBIDDEN.search(start) and " OR " not in start)):
            problems.append(f"{name}: {start.splitlines()[0][:80]}")
    return problems


def find_vulnerabilities() -> int:
    """Run pip-audit; return its exit status, 0 if it is skipped."""
    if importlib.util.find_spec("pip_audit") is None:
        print("Skipped: known vulnerabilities (pip-audit is not installed: pip install pip-audit).")
        return 0
    status = 0
    for file in FILES:
        done = subprocess.run(
            [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", "-r", str(ROOT / file)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        output = done.stdout + done.stderr
        if re.search(
            r"ConnectionError|NewConnectionError|Max retries|Name or service|ServiceError|timed out", output
        ):
            print("Skipped: known vulnerabilities (pip-audit reached no service on the internet).")
            return 0
        if unknown := output.count("could not be audited"):
            print(
                f"Skipped: known vulnerabilities ({unknown} packages of {file} are unknown to the service)."
            )
            continue
        print(output.strip())
        status = status or done.returncode
    return status


def main() -> int:
    """Print problems; return 1 if there are any."""
    problems = licence_problems()
    print(*(problems or ["The licences of all packages are allowed."]), sep="\n")
    return 1 if problems or find_vulnerabilities() else 0


if __name__ == "__main__":
    sys.exit(main())

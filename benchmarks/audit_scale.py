"""Whether the audit's time and memory grow in step with the number of films.

python -m benchmarks.audit_scale DIR [--count 100000]

Draws that many different small phantoms into DIR (what is there already is kept), then audits the first
eighth, quarter, half and all of them, each in a process of its own. Growth is told in processor time, which other
work on the machine stretches far less than the time on the clock.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

from fracture_core.phantom import draw_phantom, encode_png

_REGIONS = ("hand", "leg", "forearm")
_SIZE = (96, 80)
_SHARES = (8, 4, 2, 1)


def main() -> None:
    """Draws what is missing, then audits nested parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--audit", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.audit:
        _audit(chosen.audit)
        return
    _draw(chosen.folder, chosen.count)
    first: float | None = None
    for share in _SHARES:
        count = chosen.count // share
        manifest = _manifest(chosen.folder, count)
        command = [
            sys.executable,
            "-m",
            "benchmarks.audit_scale",
            str(chosen.folder),
            "--audit",
            str(manifest),
        ]
        found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        each = found["processor"] / count * 1e3
        first = first or each
        print(
            f"{count:7,} films: {found['seconds']:7.1f} s, {each:.2f} ms of processor time a film "
            f"({each / first:.2f} × the smallest), {found['megabytes']:,.0f} MB, "
            f"{found['pictures']:,} pictures, steps {found['steps']}",
            flush=True,
        )


def _name(seed: int) -> str:
    return f"{seed // 1000:03d}/{seed:06d}.png"


def _draw(folder: Path, count: int) -> None:
    for seed in range(count):
        path = folder / _name(seed)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            film = draw_phantom(seed, _REGIONS[seed % 3], seed % 2 == 1, _SIZE)
            path.write_bytes(encode_png(film.pixels))
        if sys.stderr.isatty() and seed % 500 == 0:
            print(f"\rDrawing: {seed:,} of {count:,}", end="", file=sys.stderr, flush=True)


def _manifest(folder: Path, count: int) -> Path:
    path = folder / f"first{count}.csv"
    lines = [f"{_name(seed)},{('no_fracture', 'fractured')[seed % 2]}" for seed in range(count)]
    path.write_text("\n".join(["path,label", *lines]) + "\n", encoding="utf-8")
    return path


def _audit(manifest: Path) -> None:
    """One audit; prints its figures as JSON."""
    from fracture_core.audit import audit_dataset

    began: dict[str, float] = {}
    ended: dict[str, float] = {}

    def progress(stage: str, done: int, total: int) -> None:
        began.setdefault(stage, time.monotonic())
        ended[stage] = time.monotonic()

    found = audit_dataset(manifest, progress=progress)
    used = resource.getrusage(resource.RUSAGE_SELF)
    steps = {what: round(ended[what] - began[what], 1) for what in began}
    print(
        json.dumps(
            {
                "seconds": found.seconds,
                "processor": used.ru_utime + used.ru_stime,
                "megabytes": used.ru_maxrss / 1024,
                "steps": steps,
                "pictures": found.sizes[-1].originals,
            }
        )
    )


if __name__ == "__main__":
    main()

"""Time and memory of the audit as a function of the number of images.

python -m benchmarks.audit_scale DIR [--count 100000]

Draws small phantoms into DIR (existing ones are kept), then audits the first eighth, quarter, half and all of them,
each in a separate process. Growth is measured in processor time, which depends less on other work than wall time.
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
    """Draw missing phantoms, then audit nested subsets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--audit", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.audit:
        _audit(args.audit)
        return
    _draw(args.folder, args.count)
    first: float | None = None
    for share in _SHARES:
        count = args.count // share
        manifest = _manifest(args.folder, count)
        command = [
            sys.executable,
            "-m",
            "benchmarks.audit_scale",
            str(args.folder),
            "--audit",
            str(manifest),
        ]
        result = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        milliseconds = result["processor"] / count * 1e3
        first = first or milliseconds
        print(
            f"{count:7,} images: {result['seconds']:7.1f} s, {milliseconds:.2f} ms of processor time per image "
            f"({milliseconds / first:.2f} × the smallest subset), {result['megabytes']:,.0f} MB, "
            f"{result['pictures']:,} unique images, steps {result['steps']}",
            flush=True,
        )


def _name(seed: int) -> str:
    return f"{seed // 1000:03d}/{seed:06d}.png"


def _draw(folder: Path, count: int) -> None:
    for seed in range(count):
        path = folder / _name(seed)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            phantom = draw_phantom(seed, _REGIONS[seed % 3], seed % 2 == 1, _SIZE)
            path.write_bytes(encode_png(phantom.pixels))
        if sys.stderr.isatty() and seed % 500 == 0:
            print(f"\rDrawing: {seed:,} of {count:,}", end="", file=sys.stderr, flush=True)


def _manifest(folder: Path, count: int) -> Path:
    path = folder / f"first{count}.csv"
    lines = [f"{_name(seed)},{('no_fracture', 'fractured')[seed % 2]}" for seed in range(count)]
    path.write_text("\n".join(["path,label", *lines]) + "\n", encoding="utf-8")
    return path


def _audit(manifest: Path) -> None:
    """Run one audit and print its measurements as JSON."""
    from fracture_core.audit import audit_dataset

    started_at: dict[str, float] = {}
    ended_at: dict[str, float] = {}

    def record(stage: str, done: int, total: int) -> None:
        started_at.setdefault(stage, time.monotonic())
        ended_at[stage] = time.monotonic()

    audit = audit_dataset(manifest, progress=record)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    steps = {stage: round(ended_at[stage] - started_at[stage], 1) for stage in started_at}
    print(
        json.dumps(
            {
                "seconds": audit.seconds,
                "processor": usage.ru_utime + usage.ru_stime,
                "megabytes": usage.ru_maxrss / 1024,
                "steps": steps,
                "pictures": audit.sizes[-1].originals,
            }
        )
    )


if __name__ == "__main__":
    main()

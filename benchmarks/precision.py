"""How much faster networks learn in bfloat16 than in float32 on this processor.

python -m benchmarks.precision [ARCHITECTURE ...] [--size PX] [--batch N] [--rounds N]

Each measurement is the `speed` command in a process of its own, as the setting is read once a process; both precisions
in turn, and the median of their ratios counts.
"""

import argparse
import json
import statistics
import subprocess
import sys

from fracture_core.runs.config import PRECISIONS
from fracture_core.zoo import find_architecture


def main() -> None:
    """Prints a line an architecture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("architectures", nargs="*", default=["mobilenet_v2_map", "four_block", "inception"])
    parser.add_argument("--size", type=int, help="input size; default: the architecture's own")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    for name in chosen.architectures:
        words = [name, "--batch", str(chosen.batch)]
        # As such networks are usually trained: their batch statistics and first layers stay.
        words += ["--pretrained"] if find_architecture(name).backbone else []
        words += ["--size", str(chosen.size)] if chosen.size else []
        rounds = [
            [_films_a_second(words, precision) for precision in PRECISIONS] for _ in range(chosen.rounds)
        ]
        ratios = sorted(rounded / exact for exact, rounded in rounds)
        exact, rounded = (statistics.median(found) for found in zip(*rounds, strict=True))
        print(
            f"{name}: {exact:.1f} films a second in float32, {rounded:.1f} in bfloat16, "
            f"{statistics.median(ratios):.2f} × ({ratios[0]:.2f}–{ratios[-1]:.2f})"
        )


def _films_a_second(words: list[str], precision: str) -> float:
    command = [sys.executable, "-m", "fracture_core", "speed", *words, "--precision", precision]
    return float(json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["trained"])


if __name__ == "__main__":
    main()

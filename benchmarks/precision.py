"""Training speed in bfloat16 compared with float32 on this processor.

python -m benchmarks.precision [ARCHITECTURE ...] [--size PX] [--batch N] [--rounds N]

Each measurement runs the `speed` command in a separate process, because the precision is read once per process. Both
precisions alternate, and the median of their ratios is reported.
"""

import argparse
import json
import statistics
import subprocess
import sys

from fracture_core.runs.config import PRECISIONS
from fracture_core.zoo import find_architecture


def main() -> None:
    """Print one line per architecture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("architectures", nargs="*", default=["mobilenet_v2_map", "four_block", "inception"])
    parser.add_argument("--size", type=int, help="input size; default: the architecture's own")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    for name in args.architectures:
        options = [name, "--batch", str(args.batch)]
        # Backbones are usually trained from pretrained weights, with frozen first layers and batch statistics.
        options += ["--pretrained"] if find_architecture(name).backbone else []
        options += ["--size", str(args.size)] if args.size else []
        rounds = [
            [_images_per_second(options, precision) for precision in PRECISIONS] for _ in range(args.rounds)
        ]
        ratios = sorted(bfloat16 / float32 for float32, bfloat16 in rounds)
        float32, bfloat16 = (statistics.median(speeds) for speeds in zip(*rounds, strict=True))
        print(
            f"{name}: {float32:.1f} images/s in float32, {bfloat16:.1f} in bfloat16, "
            f"{statistics.median(ratios):.2f} × ({ratios[0]:.2f}–{ratios[-1]:.2f})"
        )


def _images_per_second(options: list[str], precision: str) -> float:
    command = [sys.executable, "-m", "fracture_core", "speed", *options, "--precision", precision]
    return float(json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["trained"])


if __name__ == "__main__":
    main()

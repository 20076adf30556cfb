"""How the input gate judges a data set, and how long reading and judging take.

python -m benchmarks.gate DIR
"""

import argparse
import time
from collections import Counter
from pathlib import Path

import numpy as np

from fracture_core.data.layouts.files import images
from fracture_core.errors import ImageReadError
from fracture_core.imaging import check, read


def main() -> None:
    """Counts states and reasons over every image below a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    states: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    reading, judging = [], []
    for path in images(parser.parse_args().folder):
        began = time.perf_counter()
        try:
            film = read(path)
        except ImageReadError as error:
            states["unreadable"] += 1
            reasons[str(error)] += 1
            continue
        read_at = time.perf_counter()
        gate = check(film)
        judging.append(time.perf_counter() - read_at)
        reading.append(read_at - began)
        states[gate.state.value] += 1
        # Numbers differ from film to film; the sentence is the reason.
        reasons.update("".join("#" if letter.isdigit() else letter for letter in why) for why in gate.reasons)
    print(
        f"{sum(states.values())} files: "
        + ", ".join(f"{count} {state}" for state, count in states.most_common())
    )
    for why, count in reasons.most_common():
        print(f"{count:6}  {why}")
    if reading:
        print(
            f"median: reading {np.median(reading) * 1e3:.1f} ms, gate {np.median(judging) * 1e3:.1f} ms a film"
        )


if __name__ == "__main__":
    main()

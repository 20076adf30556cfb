"""Time and size of each export, for a phantom in DICOM format.

python -m benchmarks.report [--height PIXELS] [--width PIXELS] [--times N]
"""

import argparse
import time
from collections.abc import Callable
from datetime import datetime

import numpy as np

from fracture_core import paths
from fracture_core.phantom import draw_phantom, phantom_to_dicom
from fracture_core.zoo.quiet_keras import load_keras


def main() -> None:
    """Print median time and size of each export. The first call, which loads libraries, is reported separately."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--height", type=int, default=1100)
    parser.add_argument("--width", type=int, default=900)
    parser.add_argument("--times", type=int, default=9)
    args = parser.parse_args()
    load_keras()
    from fracture_core.inference.predictor import Predictor
    from fracture_core.registry.store import ModelStore
    from fracture_core.report import dicom, table
    from fracture_core.report.overlay import report_overlay_png
    from fracture_core.report.pdf import opinion_to_pdf
    from fracture_core.report.study_archive import zip_files

    content = phantom_to_dicom(draw_phantom(1, "leg", True, (args.height, args.width)))
    opinion = Predictor(ModelStore(paths.models_dir())).predict(content)
    created = datetime.now().astimezone()
    row = table.opinion_row("Film 1", opinion)
    exports: dict[str, Callable[[], bytes]] = {
        "report (PDF)": lambda: opinion_to_pdf(opinion, "Film 1", "leg", created),
        "overlay (PNG)": lambda: report_overlay_png(opinion),
        "table (CSV)": lambda: table.rows_to_csv([row]).encode(),
        "table (JSON)": lambda: table.rows_to_json([row]).encode(),
        "DICOM results": lambda: b"".join(dicom.opinion_to_dicom(opinion, content, "leg").values()),
        "DICOM results (zip)": lambda: zip_files(dicom.opinion_to_dicom(opinion, content, "leg")),
    }
    print(f"{args.width} × {args.height} pixels, {opinion.verdict}")
    for name, export in exports.items():
        seconds = []
        for _ in range(args.times + 1):
            start = time.perf_counter()
            data = export()
            seconds.append(time.perf_counter() - start)
        first, median = seconds[0], float(np.median(seconds[1:]))
        print(f"{name:<20} {median * 1e3:7.1f} ms (first {first * 1e3:7.1f} ms)  {len(data) / 1e3:9,.0f} kB")


if __name__ == "__main__":
    main()

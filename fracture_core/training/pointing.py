"""Pointing game: how often the peak of a heatmap lies in a marked fracture."""

import numpy as np
from numpy.typing import NDArray

from fracture_core.evaluation import Interval
from fracture_core.evaluation.proportion import proportion_interval
from fracture_core.explain.gradcam import GradCam
from fracture_core.explain.peak import find_peak, is_peak_in_boxes
from fracture_core.imaging import normalise_canvas
from fracture_core.training.training_data import TrainingData


def measure_pointing(cam: GradCam, data: TrainingData, index: NDArray[np.intp]) -> Interval | None:
    """Measure how often the peak of the heatmap lies in a bounding box.

    Source: Zhang et al. 2018, arXiv:1608.00507.

    Args:
        cam: Heatmaps of the network.
        data: Data of the run.
        index: Positions of cases, int (n,); cases without boxes are skipped.

    Returns:
        The share with its interval, clustered by group; None if no case has boxes.
    """
    marked = [position for position in index if data.cases[position].boxes]
    if not marked:
        return None
    hits = []
    for position in marked:
        transform = data.transform(position)
        grid = cam(normalise_canvas(data.canvases[data.rows[position]][None], data.spec))[0]
        hits.append(is_peak_in_boxes(find_peak(grid, transform), data.cases[position].boxes, transform))
    groups = np.unique([data.cases[position].group for position in marked], return_inverse=True)[1]
    return proportion_interval(np.array(hits), groups)

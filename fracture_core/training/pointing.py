"""The pointing game over the films of a run."""

import numpy as np

from fracture_core.evaluation import Interval
from fracture_core.evaluation.proportion import proportion_interval
from fracture_core.explain.gradcam import GradCam
from fracture_core.explain.peak import find_peak, is_peak_in_boxes
from fracture_core.imaging import normalise_canvas
from fracture_core.training.training_data import TrainingData


def measure_pointing(cam: GradCam, films: TrainingData, index: np.ndarray) -> Interval | None:
    """How often the heatmap's peak lies in a marked fracture.

    Args:
        cam: heatmaps of the network.
        films: the data.
        index: int (n,), positions of cases; those without boxes are left out.

    Returns:
        The share with its interval clustered by group; None where no case has boxes.
    """
    marked = [position for position in index if films.cases[position].boxes]
    if not marked:
        return None
    found = []
    for position in marked:
        placement = films.placement(position)
        grid = cam(normalise_canvas(films.canvases[films.rows[position]][None], films.spec))[0]
        found.append(is_peak_in_boxes(find_peak(grid, placement), films.cases[position].boxes, placement))
    groups = np.unique([films.cases[position].group for position in marked], return_inverse=True)[1]
    return proportion_interval(np.array(found), groups)

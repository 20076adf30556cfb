"""Which labels are probably wrong, by confident learning.

Source:
    C. G. Northcutt, L. Jiang and I. L. Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels",
    Journal of Artificial Intelligence Research 70, 2021; in the authors' own library, cleanlab.
"""

import numpy as np
from cleanlab.filter import find_label_issues
from numpy.typing import NDArray


def find_suspected_labels(
    labels: NDArray[np.integer], probabilities: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Films whose label is probably wrong.

    A film counts where it is called the other label more surely than films of that label are on average. How many
    there are in each direction is estimated so, and as many are taken: those most at odds with their label.

    Args:
        labels: as given, 0 or 1, (n,).
        probabilities: of label 1, from films of other groups, (n,).

    Returns:
        Their places, the most doubtful label first.
    """
    return np.asarray(
        find_label_issues(
            labels,
            np.stack([1 - probabilities, probabilities], axis=1),
            filter_by="prune_by_noise_rate",
            return_indices_ranked_by="self_confidence",
            n_jobs=1,  # two classes: processes of its own would cost more than the work
        ),
        np.intp,
    )

"""The cases of a data set with the splits that a model was trained and tested on."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from fracture_core.datasets.cases import Case


def with_training_split(cases: Sequence[Case], record: pd.DataFrame) -> list[Case] | None:
    """The cases with the splits of the training; None where this is not the set the model was trained on.

    Args:
        cases: of a data set, as it would be cut today or not at all.
        record: the model's predictions on its validation and test films; every other film was trained on.
    """
    splits = dict(zip(record["id"], record["split"], strict=True))
    if not splits.keys() <= {case.id for case in cases}:
        return None
    return [replace(case, split=splits.get(case.id, "train")) for case in cases]

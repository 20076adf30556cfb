"""Validation of labels, probabilities and groups."""

import numpy as np
import pandas as pd
import pytest

from fracture_core.errors import DataError
from fracture_core.evaluation.scored_cases import check_scored_cases


def test_empty_group_ids_form_their_own_groups():
    cases = check_scored_cases([0, 1, 0, 1, 1], [0.1] * 5, ["p", "", "p", None, ""])
    assert cases.group[0] == cases.group[2]
    assert len(set(cases.group.tolist())) == 4


@pytest.mark.parametrize("group", [pd.Series(["a", "b"]), pd.Series([4, 9]), np.array(["a", "b"]), None])
def test_group_ids_of_any_type(group):
    assert sorted(check_scored_cases(pd.Series([0, 1]), pd.Series([0.2, 0.3]), group).group) == [0, 1]


@pytest.mark.parametrize(
    ("label", "probability", "group", "message"),
    [
        ([0, 2], [0.1, 0.2], None, "Expected labels 0 or 1, got 2 for case 2: correct"),
        ([0, 1], [0.1, 1.2], None, "Expected probabilities between 0 and 1, got 1.2 for case 2: score"),
        ([0, 1], [np.nan, 0.2], None, "Expected probabilities between 0 and 1, got nan for case 1: score"),
        ([0, 1], [0.2], None, "got 2, 1 and 2. Score"),
        ([0, 1], [0.2, 0.3], ["a"], "got 2, 2 and 1. Score"),
    ],
)
def test_invalid_arrays_are_refused(label, probability, group, message):
    with pytest.raises(DataError, match=message):
        check_scored_cases(label, probability, group)

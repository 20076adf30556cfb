"""Words that others rely on: the label order above all."""

import inspect

from fracture_core import errors
from fracture_core.evaluation import VERDICTS
from fracture_core.words import LABELS, SPLITS, Verdict


def test_fracture_is_class_one():
    assert LABELS == ("no_fracture", "fracture")
    assert SPLITS == ("train", "val", "test")


def test_verdicts_read_as_the_design_says():
    assert [verdict.value for verdict in VERDICTS] == ["no fracture seen", "uncertain", "fracture suspected"]
    assert set(VERDICTS) == set(Verdict)


def test_every_error_is_one_that_users_are_shown():
    found = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    assert len(found) > 1
    assert all(issubclass(kind, errors.SecondLookError) for kind in found)

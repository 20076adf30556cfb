"""Class and split names: known spellings are recognised, others are not guessed."""

import pytest

from fracture_core.datasets.class_names import class_meaning, finding_of_classes, split_from_name
from fracture_core.errors import DataError


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("fractured", 1),
        ("Fractured", 1),
        ("Fractured_", 1),
        ("FRACTURE", 1),
        ("fractures", 1),
        ("broken", 1),
        ("fracture-positive", 1),
        ("not fractured", 0),
        ("not_fractured", 0),
        ("Not-Fractured", 0),
        ("non_fractured", 0),
        ("Non-fractured", 0),
        ("no_fracture", 0),
        ("unfractured", 0),
        ("without fracture", 0),
        ("fracture_negative", 0),
        ("normal", 0),
        ("Healthy", 0),
        ("negative", 0),
        ("abnormal", 1),
        ("images", None),
        ("positive", None),
        ("0", None),
        ("hand", None),
        ("", None),
        ("fractured1", None),
    ],
)
def test_spellings_of_classes_are_recognised(name, label):
    meaning = class_meaning(name)
    assert (meaning and meaning.label) == label


@pytest.mark.parametrize(
    ("names", "finding"),
    [
        (("normal", "Fractured"), "fracture"),
        (("negative", "not fractured"), "fracture"),
        (("normal", "Abnormal"), "abnormality"),
        (("0", "1"), "fracture"),
        ((), "fracture"),
    ],
)
def test_finding_of_classes(names, finding):
    assert finding_of_classes(names) == finding


def test_two_findings_are_refused():
    with pytest.raises(DataError, match="Keep only one of the two classes"):
        finding_of_classes(("abnormal", "not fractured"))


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("val", "val"),
        ("validation", "val"),
        ("Valid", "val"),
        ("training", "train"),
        ("testing", "test"),
        ("dev", "val"),
    ],
)
def test_spellings_of_splits_are_recognised(name, split):
    assert split_from_name(name) == split
    assert split_from_name(f"{name}1") is None

"""Words that others rely on: the label order above all."""

import inspect

from fracture_core import errors
from fracture_core.evaluation import VERDICTS
from fracture_core.vocabulary import (
    FINDINGS,
    LABELS,
    SPLITS,
    Verdict,
    finding_with_article,
    label_text,
    rephrase_for_finding,
    verdict_text,
)


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


def test_what_a_model_finds_is_called_by_its_name():
    words = [verdict_text(verdict, "abnormality") for verdict in VERDICTS]
    assert words == ["no abnormality seen", "uncertain", "abnormality suspected"]
    assert [verdict_text(verdict, "fracture") for verdict in VERDICTS] == [row.value for row in VERDICTS]
    assert [label_text(label, "abnormality") for label in (0, 1)] == ["no abnormality", "abnormality"]
    assert [finding_with_article(finding) for finding in FINDINGS] == ["a fracture", "an abnormality"]


def test_a_sentence_about_fractures_is_told_of_another_finding():
    text = "A fracture, a fracture, missed fractures, fracture suspected; fractured limbs stay"
    assert rephrase_for_finding(text, "fracture") == text
    assert rephrase_for_finding(text, "abnormality") == (
        "An abnormality, an abnormality, missed abnormalities, abnormality suspected; fractured limbs stay"
    )

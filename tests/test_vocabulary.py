"""Shared constants, above all the label order."""

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


def test_verdicts_have_their_wording():
    assert [verdict.value for verdict in VERDICTS] == ["no fracture seen", "uncertain", "fracture suspected"]
    assert set(VERDICTS) == set(Verdict)


def test_every_error_class_is_meant_for_the_user():
    classes = [value for _, value in inspect.getmembers(errors, inspect.isclass)]
    assert len(classes) > 1
    assert all(issubclass(value, errors.SecondLookError) for value in classes)


def test_wording_follows_the_finding():
    texts = [verdict_text(verdict, "abnormality") for verdict in VERDICTS]
    assert texts == ["no abnormality seen", "uncertain", "abnormality suspected"]
    assert [verdict_text(verdict, "fracture") for verdict in VERDICTS] == [
        verdict.value for verdict in VERDICTS
    ]
    assert [label_text(label, "abnormality") for label in (0, 1)] == ["no abnormality", "abnormality"]
    assert [finding_with_article(finding) for finding in FINDINGS] == ["a fracture", "an abnormality"]


def test_text_is_rephrased_for_another_finding():
    text = "A fracture, a fracture, missed fractures, fracture suspected; fractured limbs stay"
    assert rephrase_for_finding(text, "fracture") == text
    assert rephrase_for_finding(text, "abnormality") == (
        "An abnormality, an abnormality, missed abnormalities, abnormality suspected; fractured limbs stay"
    )

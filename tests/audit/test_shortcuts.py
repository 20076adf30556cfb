"""Tests of shortcuts: predictive properties are found, random ones are not."""

from pathlib import Path

import numpy as np
import pytest

from fracture_core.audit import shortcuts
from fracture_core.audit.audited_images import AuditedImages
from fracture_core.audit.file_facts import FileFacts
from fracture_core.audit.finding import Level
from fracture_core.audit.shortcuts import measure_shortcuts, shortcut_findings
from fracture_core.datasets.cases import Case
from fracture_core.imaging import QualityCheck, QualityState


def _images(count: int = 200, seed: int = 0, groups: int | None = None, **properties) -> AuditedImages:
    """Images without pixels and with random properties; `given` maps a property to a function of the label."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(count) % 2
    cases, facts = [], []
    for row, label in enumerate(labels.tolist()):
        cases.append(Case(f"{row:04d}", Path(f"{row:04d}.png"), label, group=f"g{row % (groups or count)}"))
        values = {
            "width": int(rng.integers(300, 400)),
            "height": int(rng.integers(300, 400)),
            "brightness": float(rng.random()),
            "contrast": float(rng.random()),
            "black": float(rng.random()),
            "white": float(rng.random()),
            "empty_frame_share": float(rng.random()),
            "marker_count": int(rng.integers(0, 3)),
            "kind": "PNG",
        }
        values |= {name: function(label) for name, function in properties.items()}
        facts.append(
            FileFacts(
                f"{row}", int(rng.integers(10_000, 20_000)), quality=QualityCheck(QualityState.PASS), **values
            )
        )
    return AuditedImages(cases, facts, np.arange(count))


def test_predictive_width_is_found_and_described():
    shortcuts = measure_shortcuts(_images(width=lambda label: 1000 if label else 500), "fracture")
    by_name = {shortcut.name: shortcut for shortcut in shortcuts}
    assert by_name["width"].auc.value == 1.0
    assert by_name["width"].real
    assert by_name["width"].sentence == (
        "100% of the images with a fracture but 0% of the others are at least 1,000 pixels wide."
    )
    assert shortcuts[0].name == "all together"
    assert shortcuts[0].auc.value > 0.95
    findings = shortcut_findings(shortcuts)
    assert findings[0].level is Level.WARNING
    assert [bool(finding.advice) for finding in findings] == [True] + [False] * (len(findings) - 1)


def test_lower_values_in_the_positive_class_are_found_too():
    shortcuts = measure_shortcuts(_images(brightness=lambda label: 0.3 if label else 0.6), "abnormality")
    brightness = next(shortcut for shortcut in shortcuts if shortcut.name == "brightness")
    assert (brightness.auc.value, brightness.real) == (1.0, True)
    assert brightness.sentence.startswith("0% of the images with an abnormality but 100% of the others")


def test_predictive_file_type_is_found():
    rng = np.random.default_rng(1)
    shortcuts = measure_shortcuts(
        _images(kind=lambda label: "JPEG" if rng.random() < (0.9 if label else 0.2) else "PNG"), "fracture"
    )
    kind = next(shortcut for shortcut in shortcuts if shortcut.name == "kind JPEG")
    assert kind.real
    assert 0.8 < kind.auc.value < 0.9
    assert kind.sentence.endswith("are JPEG files.")


@pytest.mark.slow
def test_random_properties_are_rarely_significant(monkeypatch):
    """With Holm's correction, about 1 in 20 datasets without shortcuts raises a false alarm."""
    # The correction does not concern the model on all properties, which takes half of the time.
    monkeypatch.setattr(shortcuts, "_combined_auc", lambda *_: [])
    # `multipletests` collects garbage in each call, which takes long in a process with many objects.
    monkeypatch.setattr("gc.collect", lambda: 0)
    alarms = sum(
        any(shortcut.real for shortcut in measure_shortcuts(_images(seed=seed), "fracture"))
        for seed in range(30)
    )
    # With a rate of 5% in 30 simulations, more than 5 alarms have a probability of 0.3%.
    assert alarms <= 5


def test_few_groups_widen_the_interval():
    def width(label):
        return 420 if label else 400

    constant = measure_shortcuts(_images(width=width), "fracture")
    rng = np.random.default_rng(0)
    noisy = {"brightness": lambda label: float(rng.normal(0.5 + 0.05 * label, 0.1))}
    many, few = (
        next(
            s
            for s in measure_shortcuts(_images(groups=groups, **noisy), "fracture")
            if s.name == "brightness"
        )
        for groups in (200, 6)
    )
    assert constant[1].real
    assert many.auc.high - many.auc.low > 0
    assert few.auc.n == many.auc.n == 200


def test_too_few_images_give_no_shortcuts():
    assert measure_shortcuts(_images(count=30), "fracture") == []
    assert shortcut_findings([]) == []


def test_no_significant_shortcut_gives_a_good_finding():
    shortcuts = [shortcut for shortcut in measure_shortcuts(_images(seed=3), "fracture") if not shortcut.real]
    (finding,) = shortcut_findings(shortcuts)
    assert finding.level is Level.GOOD


def test_shortcut_to_json():
    payload = measure_shortcuts(_images(width=lambda label: 1000 if label else 500), "fracture")[1].to_json()
    assert payload["auc"]["value"] == pytest.approx(1.0)
    assert payload["real"] is True

"""Auxiliary heads: regions are predicted, non-radiographs rejected, unusual images get a warning."""

from pathlib import Path

import numpy as np
import pytest

from fracture_core.auxiliary_heads.auxiliary_heads import AuxiliaryHeads
from fracture_core.auxiliary_heads.linear_classifier import LinearClassifier
from fracture_core.auxiliary_heads.non_radiographs import make_non_radiographs
from fracture_core.auxiliary_heads.out_of_distribution import OutOfDistributionDetector
from fracture_core.auxiliary_heads.region_head import RegionHead
from fracture_core.errors import ModelError
from fracture_core.imaging import QualityCheck, QualityState, Refusal

CHANNELS = 12
RNG = np.random.default_rng(0)


def _features(count: int, region: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((count, CHANNELS)) + 4 * np.eye(CHANNELS)[region]).astype(np.float32)


@pytest.fixture(scope="module")
def auxiliary_heads() -> AuxiliaryHeads:
    """Heads fitted to features of hands and legs, with distant features as non-radiographs."""
    hands, legs = _features(80, 0, 1), _features(80, 1, 2)
    middle = np.concatenate([hands, legs])
    foreign = _features(60, 7, 3)
    radiograph = LinearClassifier.fit(
        np.concatenate([middle, foreign]), (np.arange(220) >= 160)[:, None], 0.1, balanced=True
    )
    val = np.concatenate([_features(60, 0, 4), _features(60, 1, 5)])
    scores = radiograph.scores(val)[:, 0]
    regions = RegionHead.fit(middle, [("hand",)] * 80 + [("leg",)] * 80)
    return AuxiliaryHeads(
        regions,
        OutOfDistributionDetector.fit(middle, val),
        radiograph,
        float(np.quantile(scores, 0.995)),
        float(scores.max()),
    )


def test_linear_classifier_equals_scikit_learn_regression():
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    features = _features(100, 2, 6) * 7 + 3
    target = features[:, 2] > np.median(features[:, 2])
    scores = LinearClassifier.fit(features, target[:, None], 0.5).scores(features)[:, 0]
    scaled = StandardScaler().fit_transform(features)
    expected = LogisticRegression(C=0.5, max_iter=2000).fit(scaled, target).decision_function(scaled)
    assert scores == pytest.approx(expected, abs=1e-3)


def test_region_is_predicted(auxiliary_heads):
    for region, name in ((0, "hand"), (1, "leg")):
        predictions = [
            auxiliary_heads.predict_regions(features) for features in _features(50, region, 10 + region)
        ]
        assert sum(bool(regions) and regions[0][0] == name for regions in predictions) >= 45
        assert all(0.5 <= probability <= 1 for regions in predictions for _, probability in regions)


def test_two_regions_on_one_image_are_both_predicted(auxiliary_heads):
    both = np.zeros(CHANNELS, np.float32)
    both[:2] = 4
    names = {name for name, _ in auxiliary_heads.predict_regions(both)}
    assert names <= {"hand", "leg"}
    head = RegionHead.fit(
        np.concatenate(
            [_features(60, 0, 1), _features(60, 1, 2), (_features(60, 0, 3) + _features(60, 1, 4))]
        ),
        [("hand",)] * 60 + [("leg",)] * 60 + [("hand", "leg")] * 60,
    )
    assert head is not None
    assert (head.probabilities(2 * both[None])[0] > 0.5).all()


def test_region_with_few_images_is_left_out():
    features = np.concatenate([_features(80, 0, 1), _features(80, 1, 2), _features(5, 3, 3)])
    head = RegionHead.fit(features, [("hand",)] * 80 + [("leg",)] * 80 + [("hip",)] * 5)
    assert head is not None
    assert head.names == ("hand", "leg")
    assert RegionHead.fit(features[:80], [("hand",)] * 80) is None
    assert RegionHead.fit(features, [()] * 165) is None


def test_images_like_the_training_images_pass(auxiliary_heads):
    states = [
        auxiliary_heads.check_features(QualityCheck(QualityState.PASS), features, features).state
        for features in _features(200, 0, 20)
    ]
    assert sum(state is QualityState.PASS for state in states) > 180
    assert sum(state is QualityState.REFUSE for state in states) < 10


def test_non_radiographs_are_rejected(auxiliary_heads):
    for features in _features(30, 7, 21) + 2 * np.eye(CHANNELS, dtype=np.float32)[7]:
        check = auxiliary_heads.check_features(
            QualityCheck(QualityState.WARN, ("Small.",)), features, features
        )
        assert check.state is QualityState.REFUSE
        assert check.refusal is Refusal.NOT_A_RADIOGRAPH
        assert "does not look like a radiograph" in check.reasons[0]


def test_out_of_distribution_image_is_out_of_scope(auxiliary_heads):
    distant_features = _features(1, 0, 22)[0]
    check = auxiliary_heads.check_features(
        QualityCheck(QualityState.WARN, ("Small.",)), distant_features, distant_features + 40
    )
    assert check.state is QualityState.REFUSE
    assert check.refusal is Refusal.OUT_OF_SCOPE
    assert check.withheld
    assert "unlike the model’s training images" in check.reasons[0]
    assert check.reasons[1] == "Small."


def test_unknown_region_gets_a_warning(auxiliary_heads):
    nothing = np.array([2, 2, *[0] * (CHANNELS - 2)], np.float32) * 0
    assert (
        not auxiliary_heads.predict_regions(nothing - 3)
        or auxiliary_heads.predict_regions(nothing - 3)[0][1] >= 0.5
    )
    heads_without_regions = AuxiliaryHeads(
        RegionHead(
            ("hand", "leg"), LinearClassifier(np.zeros((2, CHANNELS), np.float32), np.full(2, -3, np.float32))
        ),
        auxiliary_heads.familiarity,
        LinearClassifier(np.zeros((1, CHANNELS), np.float32), np.full(1, -9, np.float32)),
        0,
        1,
    )
    check = heads_without_regions.check_features(
        QualityCheck(QualityState.PASS), _features(1, 0, 30)[0], auxiliary_heads.familiarity.mean
    )
    assert check.state is QualityState.WARN
    assert "none of its regions (hand, leg)" in check.reasons[0]


def test_round_trip(auxiliary_heads, tmp_path):
    auxiliary_heads.save(tmp_path / "heads.npz")
    loaded = AuxiliaryHeads.load(tmp_path / "heads.npz")
    features = _features(1, 1, 40)[0]
    assert loaded.predict_regions(features) == auxiliary_heads.predict_regions(features)
    assert loaded.check_features(
        QualityCheck(QualityState.PASS), features, features + 9
    ) == auxiliary_heads.check_features(QualityCheck(QualityState.PASS), features, features + 9)
    heads_without_regions = AuxiliaryHeads(
        None,
        auxiliary_heads.familiarity,
        auxiliary_heads.radiograph,
        auxiliary_heads.warn,
        auxiliary_heads.refuse,
    )
    heads_without_regions.save(tmp_path / "bare.npz")
    assert AuxiliaryHeads.load(tmp_path / "bare.npz").regions is None
    assert AuxiliaryHeads.load(tmp_path / "bare.npz").predict_regions(features) == ()


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut off"])
def test_damaged_file_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "heads.npz"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"The auxiliary heads in .* cannot be read"):
        AuxiliaryHeads.load(path)


def test_an_object_array_is_not_unpickled(tmp_path: Path):
    path = tmp_path / "heads.npz"
    np.savez(path, region_names=np.array([{"a": 1}], object))
    with pytest.raises(ModelError):
        AuxiliaryHeads.load(path)


def test_non_radiographs_are_reproducible_and_varied():
    first, repeated = list(make_non_radiographs(24, 1)), list(make_non_radiographs(24, 1))
    assert all(np.array_equal(a, b) for a, b in zip(first, repeated, strict=True))
    assert not np.array_equal(first[0], next(make_non_radiographs(1, 2)))
    for image in first:
        assert image.dtype == np.uint8
        assert image.ndim == 2
        assert min(image.shape) >= 300
        assert image.std() > 5
    assert len({image.shape for image in first}) > 4

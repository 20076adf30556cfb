"""Second heads: a region is told, what is no radiograph is refused, what is far away is warned about."""

from pathlib import Path

import numpy as np
import pytest

from fracture_core.auxiliary_heads.auxiliary_heads import AuxiliaryHeads
from fracture_core.auxiliary_heads.linear_classifier import LinearClassifier
from fracture_core.auxiliary_heads.non_radiographs import make_non_radiographs
from fracture_core.auxiliary_heads.out_of_distribution import OutOfDistribution
from fracture_core.auxiliary_heads.region_head import RegionHead
from fracture_core.errors import ModelError
from fracture_core.imaging import QualityCheck, QualityState

CHANNELS = 12
RNG = np.random.default_rng(0)


def _films(count: int, region: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((count, CHANNELS)) + 4 * np.eye(CHANNELS)[region]).astype(np.float32)


@pytest.fixture(scope="module")
def heads() -> AuxiliaryHeads:
    hands, legs = _films(80, 0, 1), _films(80, 1, 2)
    middle = np.concatenate([hands, legs])
    foreign = _films(60, 7, 3)
    radiograph = LinearClassifier.fit(
        np.concatenate([middle, foreign]), (np.arange(220) >= 160)[:, None], 0.1, balanced=True
    )
    val = np.concatenate([_films(60, 0, 4), _films(60, 1, 5)])
    scores = radiograph.scores(val)[:, 0]
    regions = RegionHead.fit(middle, [("hand",)] * 80 + [("leg",)] * 80)
    return AuxiliaryHeads(
        regions,
        OutOfDistribution.fit(middle, val),
        radiograph,
        float(np.quantile(scores, 0.995)),
        float(scores.max()),
    )


def test_a_linear_head_is_the_regression_it_was_fitted_by():
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    features = _films(100, 2, 6) * 7 + 3
    target = features[:, 2] > np.median(features[:, 2])
    ours = LinearClassifier.fit(features, target[:, None], 0.5).scores(features)[:, 0]
    scaled = StandardScaler().fit_transform(features)
    theirs = LogisticRegression(C=0.5, max_iter=2000).fit(scaled, target).decision_function(scaled)
    assert ours == pytest.approx(theirs, abs=1e-3)


def test_the_region_is_told(heads):
    for region, name in ((0, "hand"), (1, "leg")):
        shown = [heads.predict_regions(film) for film in _films(50, region, 10 + region)]
        assert sum(bool(film) and film[0][0] == name for film in shown) >= 45
        assert all(0.5 <= chance <= 1 for film in shown for _, chance in film)


def test_two_regions_on_one_film_are_both_told(heads):
    both = np.zeros(CHANNELS, np.float32)
    both[:2] = 4
    told = {name for name, _ in heads.predict_regions(both)}
    assert told <= {"hand", "leg"}
    wide = RegionHead.fit(
        np.concatenate([_films(60, 0, 1), _films(60, 1, 2), (_films(60, 0, 3) + _films(60, 1, 4))]),
        [("hand",)] * 60 + [("leg",)] * 60 + [("hand", "leg")] * 60,
    )
    assert wide is not None
    assert (wide.probabilities(2 * both[None])[0] > 0.5).all()


def test_a_region_with_few_films_is_not_told():
    features = np.concatenate([_films(80, 0, 1), _films(80, 1, 2), _films(5, 3, 3)])
    head = RegionHead.fit(features, [("hand",)] * 80 + [("leg",)] * 80 + [("hip",)] * 5)
    assert head is not None
    assert head.names == ("hand", "leg")
    assert RegionHead.fit(features[:80], [("hand",)] * 80) is None
    assert RegionHead.fit(features, [()] * 165) is None


def test_known_films_pass(heads):
    passed = [
        heads.check_features(QualityCheck(QualityState.PASS), film, film).state for film in _films(200, 0, 20)
    ]
    assert sum(state is QualityState.PASS for state in passed) > 180
    assert sum(state is QualityState.REFUSE for state in passed) < 10


def test_what_is_no_radiograph_is_refused(heads):
    for film in _films(30, 7, 21) + 2 * np.eye(CHANNELS, dtype=np.float32)[7]:
        gate = heads.check_features(QualityCheck(QualityState.WARN, ("Small.",)), film, film)
        assert gate.state is QualityState.REFUSE
        assert "does not look like a radiograph" in gate.reasons[0]


def test_what_is_far_from_all_films_is_warned_about_and_earlier_reasons_stay(heads):
    far = _films(1, 0, 22)[0]
    gate = heads.check_features(QualityCheck(QualityState.WARN, ("Small.",)), far, far + 40)
    assert gate.state is QualityState.WARN
    assert gate.reasons[0] == "Small."
    assert "unlike the films" in gate.reasons[1]


def test_a_region_that_is_not_known_is_said(heads):
    nothing = np.array([2, 2, *[0] * (CHANNELS - 2)], np.float32) * 0
    assert not heads.predict_regions(nothing - 3) or heads.predict_regions(nothing - 3)[0][1] >= 0.5
    bare = AuxiliaryHeads(
        RegionHead(
            ("hand", "leg"), LinearClassifier(np.zeros((2, CHANNELS), np.float32), np.full(2, -3, np.float32))
        ),
        heads.familiarity,
        LinearClassifier(np.zeros((1, CHANNELS), np.float32), np.full(1, -9, np.float32)),
        0,
        1,
    )
    gate = bare.check_features(QualityCheck(QualityState.PASS), _films(1, 0, 30)[0], heads.familiarity.mean)
    assert gate.state is QualityState.WARN
    assert "none of the regions it knows (hand, leg)" in gate.reasons[0]


def test_round_trip(heads, tmp_path):
    heads.save(tmp_path / "heads.npz")
    again = AuxiliaryHeads.load(tmp_path / "heads.npz")
    film = _films(1, 1, 40)[0]
    assert again.predict_regions(film) == heads.predict_regions(film)
    assert again.check_features(QualityCheck(QualityState.PASS), film, film + 9) == heads.check_features(
        QualityCheck(QualityState.PASS), film, film + 9
    )
    bare = AuxiliaryHeads(None, heads.familiarity, heads.radiograph, heads.warn, heads.refuse)
    bare.save(tmp_path / "bare.npz")
    assert AuxiliaryHeads.load(tmp_path / "bare.npz").regions is None
    assert AuxiliaryHeads.load(tmp_path / "bare.npz").predict_regions(film) == ()


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut off"])
def test_what_is_no_heads_file(tmp_path: Path, content: bytes):
    path = tmp_path / "heads.npz"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="Expected the second heads of a model"):
        AuxiliaryHeads.load(path)


def test_an_object_array_is_not_unpickled(tmp_path: Path):
    path = tmp_path / "heads.npz"
    np.savez(path, region_names=np.array([{"a": 1}], object))
    with pytest.raises(ModelError):
        AuxiliaryHeads.load(path)


def test_negatives_are_the_same_every_time_and_of_many_kinds():
    first, again = list(make_non_radiographs(24, 1)), list(make_non_radiographs(24, 1))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], next(make_non_radiographs(1, 2)))
    for picture in first:
        assert picture.dtype == np.uint8
        assert picture.ndim == 2
        assert min(picture.shape) >= 300
        assert picture.std() > 5
    assert len({picture.shape for picture in first}) > 4

"""Features that are kept: a file that is missing, damaged or cannot be written costs another look only."""

import numpy as np
import pytest

from fracture_core.inference import feature_store


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache" / "a.features.npz"


@pytest.mark.parametrize("type_", [np.float16, np.float32])
def test_what_was_saved_is_there_again(cache, type_):
    assert feature_store.load_features(cache) == {}
    assert feature_store.save_features(cache, {"a": np.ones(3, type_), "b": np.zeros(3, type_)})
    found = feature_store.load_features(cache)
    assert {key: values.tolist() for key, values in found.items()} == {"a": [1, 1, 1], "b": [0, 0, 0]}
    assert found["a"].dtype == type_
    assert list(cache.parent.iterdir()) == [cache]


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK nonsense"])
def test_a_damaged_file_holds_nothing_and_is_replaced(cache, content):
    cache.parent.mkdir()
    cache.write_bytes(content)
    assert feature_store.load_features(cache) == {}
    assert feature_store.save_features(cache, {"a": np.ones(3)})
    assert list(feature_store.load_features(cache)) == ["a"]


def test_a_disk_that_refuses_is_told_and_leaves_nothing(cache, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    assert not feature_store.save_features(cache, {"a": np.ones(3)})
    assert list(cache.parent.iterdir()) == []

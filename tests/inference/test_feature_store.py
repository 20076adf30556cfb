"""Feature store: a missing, damaged or unwritable file is not an error."""

import numpy as np
import pytest

from fracture_core.inference import feature_store


@pytest.fixture
def cache_file(tmp_path):
    return tmp_path / "cache" / "a.features.npz"


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_saved_features_are_loaded_again(cache_file, dtype):
    assert feature_store.load_features(cache_file) == {}
    assert feature_store.save_features(cache_file, {"a": np.ones(3, dtype), "b": np.zeros(3, dtype)})
    features = feature_store.load_features(cache_file)
    assert {key: values.tolist() for key, values in features.items()} == {"a": [1, 1, 1], "b": [0, 0, 0]}
    assert features["a"].dtype == dtype
    assert list(cache_file.parent.iterdir()) == [cache_file]


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK nonsense"])
def test_damaged_file_is_empty_and_replaced(cache_file, content):
    cache_file.parent.mkdir()
    cache_file.write_bytes(content)
    assert feature_store.load_features(cache_file) == {}
    assert feature_store.save_features(cache_file, {"a": np.ones(3)})
    assert list(feature_store.load_features(cache_file)) == ["a"]


def test_full_disk_leaves_no_file(cache_file, monkeypatch):
    def fail_with_full_disk(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", fail_with_full_disk)
    assert not feature_store.save_features(cache_file, {"a": np.ones(3)})
    assert list(cache_file.parent.iterdir()) == []

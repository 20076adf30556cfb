"""Mutated files of every supported kind: `python -m benchmarks.fuzz_readers` reads far more of them."""

import pytest

from benchmarks import fuzz_readers

pytestmark = pytest.mark.filterwarnings("ignore")


def test_seeds_are_images():
    assert {kind: fuzz_readers.read_input(content)[0] for kind, content in fuzz_readers.seeds()} == {
        kind: "image" for kind, _ in fuzz_readers.seeds()
    }


def test_mutated_files_are_read_or_refused_within_limits():
    results = list(fuzz_readers.attack(range(400)))
    assert [result for result in results if result[2] not in ("image", "refused")] == []
    assert len({kind for _, kind, *_ in results}) > 15

"""Studies predicted in the background: order, caching, cancellation and removal of images."""

import re
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from fracture_core.errors import ImageReadError
from fracture_core.imaging import QualityCheck, QualityState, read_radiograph
from fracture_core.imaging.dropped_files import DroppedFile
from fracture_core.inference import study as module
from fracture_core.inference.predictor import THUMBNAIL_SIDE, Opinion
from fracture_core.inference.study import Study
from fracture_core.phantom import draw_phantom, encode_png
from fracture_core.vocabulary import Verdict


@pytest.fixture(scope="module")
def files() -> list[bytes]:
    return [encode_png(draw_phantom(seed, "leg", False, (400, 320)).pixels) for seed in range(6)]


def _dropped(files: list[bytes]) -> list[DroppedFile]:
    return [DroppedFile(f"{number}.png", content) for number, content in enumerate(files)]


class FakePredictor:
    """Predictor that records its calls and can be made to wait."""

    def __init__(self):
        self.calls: list[bytes] = []
        self.go = threading.Event()
        self.go.set()

    def __call__(self, content: bytes) -> Opinion:
        self.calls.append(content)
        assert self.go.wait(30)
        film = read_radiograph(content)
        card = SimpleNamespace(id="m")
        return Opinion(
            film, QualityCheck(QualityState.PASS), float(film.pixels.mean()), Verdict.NOT_SEEN, None, card
        )


@pytest.fixture
def predict() -> FakePredictor:
    return FakePredictor()


def test_images_are_in_order_and_predicted_once(predict, files):
    training_data = _dropped(files[:3])
    study = Study(predict, "m")
    study.set_images(training_data)
    study.wait_for_first(30)
    images = study.images()
    assert [image.name for image in images] == ["0.png", "1.png", "2.png"]
    assert all(image.summary and not image.waits and not image.error for image in images)
    study.set_images(training_data)
    study.set_images([*training_data, *_dropped(files[3:4])])
    study.wait_for_first(30)
    assert sorted(predict.calls) == sorted(files[:4])
    assert [image.opinion.film.width for image in study.images()] == [320] * 4


def test_first_opinion_does_not_wait_for_the_others(predict, files):
    held = threading.Event()

    def slow(content: bytes) -> Opinion:
        if content != files[0]:
            assert held.wait(30)
        return predict(content)

    study = Study(slow, "m")
    study.set_images(_dropped(files))
    study.wait_for_first(0.0)
    first, *rest = study.images()
    assert first.summary is not None
    assert all(image.waits for image in rest)
    held.set()
    study.wait_for_first(30)
    assert not any(image.waits for image in study.images())


def test_bad_file_does_not_affect_others(files):
    def predict(content: bytes) -> Opinion:
        if content == b"bad":
            raise ImageReadError("This is a text file.")
        return FakePredictor()(content)

    study = Study(predict, "m")
    study.set_images(
        [DroppedFile("bad", b"bad"), *_dropped(files[:1]), DroppedFile("z.zip", b"", "The zip is empty.")]
    )
    study.wait_for_first(30)
    bad, good, packed = study.images()
    assert (bad.error, bad.summary, bad.opinion, bad.probability) == (
        "This is a text file.",
        None,
        None,
        None,
    )
    assert good.probability is not None
    assert packed.error == "The zip is empty."
    assert not packed.waits


def test_cancelled_study_can_be_resumed(predict, files):
    predict.go.clear()
    study = Study(predict, "m")
    study.set_images(_dropped(files))
    study.cancel()
    predict.go.set()
    study.wait_for_first(30)
    images = study.images()
    predicted = [image for image in images if image.summary]
    stopped = [image for image in images if image.stopped]
    assert predicted
    assert len(predicted) + len(stopped) == len(files)
    assert all("stopped" in image.error for image in stopped)
    study.resume()
    study.wait_for_first(30)
    assert all(image.summary for image in study.images())
    assert len(predict.calls) == len(files)


def test_removed_images_are_forgotten_even_during_prediction(predict, files):
    predict.go.clear()
    study = Study(predict, "m")
    study.set_images(_dropped(files[:2]))
    study.set_images([])
    predict.go.set()
    study._pool.shutdown()
    assert study.images() == []
    assert not study._results
    assert not study._full_size
    assert not study._files


def test_pixels_of_many_images_are_dropped_and_decoded_again(predict, files, monkeypatch):
    monkeypatch.setattr(module, "MAX_KEPT_PIXELS", 2 * 400 * 320)
    study = Study(predict, "m")
    study.set_images(_dropped(files))
    study.wait_for_first(30)
    assert len(study._full_size) == 2
    for image in study.images():
        assert max(image.summary.film.pixels.shape) == THUMBNAIL_SIDE
        assert np.array_equal(image.opinion.film.pixels, read_radiograph(image.content).pixels)
        assert image.opinion.probability == image.summary.probability
        assert len(study._full_size) == 2
    assert len(predict.calls) == len(files)


def test_duplicates_are_separate_images_predicted_once(predict, files):
    study = Study(predict, "m")
    study.set_images([DroppedFile("one", files[0]), DroppedFile("two", files[0])])
    study.wait_for_first(30)
    one, two = study.images()
    assert one.key != two.key
    assert len(predict.calls) == 1


def test_keys_contain_no_file_name(predict, files):
    study = Study(predict, "m")
    study.set_images([DroppedFile("Doe^Jane", files[0])])
    assert "Doe" not in study.images()[0].key


def test_unexpected_exception_does_not_affect_other_files(predict, files, caplog):
    def faulty(content: bytes) -> Opinion:
        if content == files[0]:
            raise ZeroDivisionError("Doe^Jane")
        return predict(content)

    study = Study(faulty, "m")
    study.set_images(_dropped(files[:2]))
    study.wait_for_first(30)
    bad, good = study.images()
    assert re.fullmatch(r"This file could not be read \(internal error, reference [0-9A-F]{6}\)\.", bad.error)
    assert good.probability is not None
    assert "ZeroDivisionError" in caplog.text
    assert "Doe" not in caplog.text


def test_file_that_cannot_be_read_again_becomes_an_error(predict, files, monkeypatch):
    monkeypatch.setattr(module, "MAX_KEPT_PIXELS", 1)
    study = Study(predict, "m")
    study.set_images(_dropped(files[:2]))
    study.wait_for_first(30)

    def broken(*_args, **_options):
        raise ZeroDivisionError

    monkeypatch.setattr(module, "read_radiograph", broken)
    assert sum(image.opinion is None for image in study.images()) == 1
    assert sum("internal error" in image.error for image in study.images()) == 1


def test_image_out_of_scope_is_predicted_on_request(files):
    ignored = []

    def predict(content: bytes, ignore_scope: bool = False) -> Opinion:
        ignored.append(ignore_scope)
        opinion = FakePredictor()(content)
        if ignore_scope:
            return replace(
                opinion, gate=QualityCheck(QualityState.WARN, ("Out of scope.",), out_of_scope=True)
            )
        gate = QualityCheck(QualityState.REFUSE, ("Out of scope.",), out_of_scope=True)
        return replace(opinion, gate=gate, probability=None, verdict=None)

    study = Study(predict, "m")
    study.set_images(_dropped(files[:1]))
    study.wait_for_first(30)
    (withheld,) = study.images()
    assert withheld.summary.gate.withheld
    study.answer_anyway(withheld)
    study.wait_for_first(30)
    (answered,) = study.images()
    assert answered.probability is not None
    assert answered.summary.gate.out_of_scope
    assert answered.key == withheld.key
    study.answer_anyway(answered)
    assert ignored == [False, True]


def test_small_image_is_not_resized(predict, files):
    opinion = predict(files[0])
    small = replace(opinion, film=replace(opinion.film, pixels=opinion.film.pixels[:100, :90]))
    assert small.shrunk().film.pixels.shape == (100, 90)
    assert np.array_equal(small.shrunk().thumbnail, small.thumbnail)

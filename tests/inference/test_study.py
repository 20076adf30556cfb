"""Studies predicted in the background: order, caching, cancellation and removal of images."""

import re
import signal
import sys
import threading
import time
from concurrent.futures import wait
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from fracture_core.errors import ImageReadError
from fracture_core.imaging import QualityCheck, QualityState, Refusal, decoder_processes, read_radiograph
from fracture_core.imaging.dropped_files import DroppedFile
from fracture_core.inference import study as module
from fracture_core.inference.fair_pool import FairPool
from fracture_core.inference.predictor import THUMBNAIL_SIDE, Opinion
from fracture_core.inference.study import Study
from fracture_core.phantom import draw_phantom, encode_png
from fracture_core.vocabulary import Verdict


@pytest.fixture(scope="module")
def png_contents() -> list[bytes]:
    """Six phantom legs as PNG files."""
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
def fake_predictor() -> FakePredictor:
    return FakePredictor()


def test_images_are_in_order_and_predicted_once(fake_predictor, png_contents):
    dropped = _dropped(png_contents[:3])
    study = Study(fake_predictor, "m")
    study.set_images(dropped)
    study.wait_for_first(30)
    images = study.images()
    assert [image.name for image in images] == ["0.png", "1.png", "2.png"]
    assert all(image.summary and not image.waits and not image.error for image in images)
    study.set_images(dropped)
    study.set_images([*dropped, *_dropped(png_contents[3:4])])
    study.wait_for_first(30)
    assert sorted(fake_predictor.calls) == sorted(png_contents[:4])
    assert [image.opinion.film.width for image in study.images()] == [320] * 4


def test_first_opinion_does_not_wait_for_the_others(fake_predictor, png_contents):
    resume = threading.Event()

    def predict_slowly(content: bytes) -> Opinion:
        if content != png_contents[0]:
            assert resume.wait(30)
        return fake_predictor(content)

    study = Study(predict_slowly, "m")
    study.set_images(_dropped(png_contents))
    study.wait_for_first(0.0)
    first, *rest = study.images()
    assert first.summary is not None
    assert all(image.waits for image in rest)
    resume.set()
    study.wait_for_first(30)
    assert not any(image.waits for image in study.images())


def test_bad_file_does_not_affect_others(png_contents):
    def predict(content: bytes) -> Opinion:
        if content == b"bad":
            raise ImageReadError("This is a text file.")
        return FakePredictor()(content)

    study = Study(predict, "m")
    study.set_images(
        [
            DroppedFile("bad", b"bad"),
            *_dropped(png_contents[:1]),
            DroppedFile("z.zip", b"", "The zip is empty."),
        ]
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


def test_cancelled_study_can_be_resumed(fake_predictor, png_contents):
    fake_predictor.go.clear()
    study = Study(fake_predictor, "m")
    study.set_images(_dropped(png_contents))
    study.cancel()
    fake_predictor.go.set()
    study.wait_for_first(30)
    images = study.images()
    assert all(image.stopped and "stopped" in image.error for image in images)
    study.resume()
    study.wait_for_first(30)
    assert all(image.summary for image in study.images())
    # Those that were running when the study was stopped are predicted again.
    assert len(fake_predictor.calls) <= len(png_contents) + 2


def test_removed_images_are_forgotten_even_during_prediction(fake_predictor, png_contents):
    fake_predictor.go.clear()
    study = Study(fake_predictor, "m")
    study.set_images(_dropped(png_contents[:2]))
    futures = list(study._futures.values())
    study.set_images([])
    fake_predictor.go.set()
    wait(futures, 30)
    assert study.images() == []
    assert not study._results
    assert not study._full_size
    assert not study._files


def test_pixels_of_many_images_are_dropped_and_decoded_again(fake_predictor, png_contents, monkeypatch):
    monkeypatch.setattr(module, "MAX_KEPT_PIXELS", 2 * 400 * 320)
    study = Study(fake_predictor, "m")
    study.set_images(_dropped(png_contents))
    study.wait_for_first(30)
    assert len(study._full_size) == 2
    for image in study.images():
        assert max(image.summary.film.pixels.shape) == THUMBNAIL_SIDE
        assert np.array_equal(image.opinion.film.pixels, read_radiograph(image.content).pixels)
        assert image.opinion.probability == image.summary.probability
        assert len(study._full_size) == 2
    assert len(fake_predictor.calls) == len(png_contents)


def test_duplicates_are_separate_images_predicted_once(fake_predictor, png_contents):
    study = Study(fake_predictor, "m")
    study.set_images([DroppedFile("one", png_contents[0]), DroppedFile("two", png_contents[0])])
    study.wait_for_first(30)
    one, two = study.images()
    assert one.key != two.key
    assert len(fake_predictor.calls) == 1


def test_keys_contain_no_file_name(fake_predictor, png_contents):
    study = Study(fake_predictor, "m")
    study.set_images([DroppedFile("Doe^Jane", png_contents[0])])
    assert "Doe" not in study.images()[0].key


def test_unexpected_exception_does_not_affect_other_files(fake_predictor, png_contents, caplog):
    def faulty(content: bytes) -> Opinion:
        if content == png_contents[0]:
            raise ZeroDivisionError("Doe^Jane")
        return fake_predictor(content)

    study = Study(faulty, "m")
    study.set_images(_dropped(png_contents[:2]))
    study.wait_for_first(30)
    bad, good = study.images()
    assert re.fullmatch(r"This file could not be read \(internal error, reference [0-9A-F]{6}\)\.", bad.error)
    assert good.probability is not None
    assert "ZeroDivisionError" in caplog.text
    assert "Doe" not in caplog.text


def test_file_that_cannot_be_read_again_becomes_an_error(fake_predictor, png_contents, monkeypatch):
    monkeypatch.setattr(module, "MAX_KEPT_PIXELS", 1)
    study = Study(fake_predictor, "m")
    study.set_images(_dropped(png_contents[:2]))
    study.wait_for_first(30)

    def fail(*_args, **_options):
        raise ZeroDivisionError

    monkeypatch.setattr(module, "read_radiograph", fail)
    assert sum(image.opinion is None for image in study.images()) == 1
    assert sum("internal error" in image.error for image in study.images()) == 1


def test_image_out_of_scope_is_predicted_on_request(png_contents):
    ignored = []

    def predict(content: bytes, ignore_scope: bool = False) -> Opinion:
        ignored.append(ignore_scope)
        opinion = FakePredictor()(content)
        if ignore_scope:
            return replace(
                opinion, gate=QualityCheck(QualityState.WARN, ("Out of scope.",), True, Refusal.OUT_OF_SCOPE)
            )
        gate = QualityCheck(QualityState.REFUSE, ("Out of scope.",), True, Refusal.OUT_OF_SCOPE)
        return replace(opinion, gate=gate, probability=None, verdict=None)

    study = Study(predict, "m")
    study.set_images(_dropped(png_contents[:1]))
    study.wait_for_first(30)
    (withheld,) = study.images()
    assert withheld.summary.gate.withheld
    study.answer_anyway(withheld)
    study.wait_for_first(30)
    (image,) = study.images()
    assert image.probability is not None
    assert image.summary.gate.out_of_scope
    assert image.key == withheld.key
    study.answer_anyway(image)
    assert ignored == [False, True]


def test_small_image_is_not_resized(fake_predictor, png_contents):
    opinion = fake_predictor(png_contents[0])
    small = replace(opinion, film=replace(opinion.film, pixels=opinion.film.pixels[:100, :90]))
    assert small.shrunk().film.pixels.shape == (100, 90)
    assert small.shrunk().thumbnail == small.thumbnail


def test_stopping_takes_effect_at_once_and_the_image_can_be_analysed_again(fake_predictor, png_contents):
    fake_predictor.go.clear()
    study = Study(fake_predictor, "m")
    study.set_images(_dropped(png_contents[:1]))
    deadline = time.monotonic() + 30
    while not study._running and time.monotonic() < deadline:
        time.sleep(0.01)
    (future,) = study._futures.values()
    study.cancel()
    (image,) = study.images()
    assert image.stopped
    assert "the analysis was stopped" in image.error
    study.resume()
    assert study.images()[0].waits
    fake_predictor.go.set()
    wait([future], 30)
    study.wait_for_first(30)
    assert study.images()[0].summary is not None


def test_stopping_kills_the_decoder():
    started = threading.Event()
    threads, outcomes = [], []

    def decode():
        threads.append(threading.get_ident())
        started.set()
        command = [sys.executable, "-c", "import time; time.sleep(60)"]
        outcomes.append(decoder_processes.run_decoder(command, b"", 60)[2])

    thread = threading.Thread(target=decode)
    thread.start()
    started.wait()
    deadline = time.monotonic() + 30
    while thread.is_alive() and time.monotonic() < deadline:
        decoder_processes.kill_decoder(threads[0])
        thread.join(0.05)
    assert outcomes == [-signal.SIGKILL]
    assert decoder_processes._running == {}


def test_large_study_does_not_delay_another_user():
    pool, order, started, go = FairPool(1), [], threading.Event(), threading.Event()
    first = pool.submit("large", lambda: (started.set(), go.wait()))
    assert started.wait(30)
    futures = [first, *(pool.submit("large", order.append, f"large {n}") for n in range(5))]
    assert pool.clients_ahead("small") == 0
    futures += [pool.submit("small", order.append, f"small {n}") for n in range(2)]
    assert pool.clients_ahead("small") == 1
    go.set()
    wait(futures, 30)
    assert order[:4] == ["large 0", "small 0", "large 1", "small 1"]
    assert pool.clients_ahead("small") == 0


def test_pool_passes_exceptions_on_and_forgets_cancelled_tasks():
    pool, go = FairPool(1), threading.Event()
    busy = pool.submit("a", go.wait)
    waiting = pool.submit("b", print, "never")
    assert waiting.cancel()
    pool.forget_cancelled("b")
    assert "b" not in pool._waiting
    failing = pool.submit("b", int, "x")
    go.set()
    with pytest.raises(ValueError, match="invalid literal"):
        failing.result(30)
    assert busy.result(30)

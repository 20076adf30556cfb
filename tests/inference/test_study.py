"""A study read in the background: first answers first, nothing twice, nothing kept that was removed."""

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


class Judge:
    """A model that can be made to wait, and counts what it was asked."""

    def __init__(self):
        self.asked: list[bytes] = []
        self.go = threading.Event()
        self.go.set()

    def __call__(self, content: bytes) -> Opinion:
        self.asked.append(content)
        assert self.go.wait(30)
        film = read_radiograph(content)
        card = SimpleNamespace(id="m")
        return Opinion(
            film, QualityCheck(QualityState.PASS), float(film.pixels.mean()), Verdict.NOT_SEEN, None, card
        )


@pytest.fixture
def judge() -> Judge:
    return Judge()


def test_a_study_is_read_in_order_and_once(judge, files):
    films = _dropped(files[:3])
    study = Study(judge, "m")
    study.set_images(films)
    study.wait_for_first(30)
    entries = study.images()
    assert [entry.name for entry in entries] == ["0.png", "1.png", "2.png"]
    assert all(entry.summary and not entry.waits and not entry.error for entry in entries)
    study.set_images(films)
    study.set_images([*films, *_dropped(files[3:4])])
    study.wait_for_first(30)
    assert sorted(judge.asked) == sorted(files[:4])
    assert [entry.opinion.film.width for entry in study.images()] == [320] * 4


def test_the_first_answer_does_not_wait_for_the_rest(judge, files):
    held = threading.Event()

    def slow(content: bytes) -> Opinion:
        if content != files[0]:
            assert held.wait(30)
        return judge(content)

    study = Study(slow, "m")
    study.set_images(_dropped(files))
    study.wait_for_first(0.0)
    first, *rest = study.images()
    assert first.summary is not None
    assert all(entry.waits for entry in rest)
    held.set()
    study.wait_for_first(30)
    assert not any(entry.waits for entry in study.images())


def test_a_bad_file_spoils_no_other(files):
    def judge(content: bytes) -> Opinion:
        if content == b"bad":
            raise ImageReadError("This is a text file.")
        return Judge()(content)

    study = Study(judge, "m")
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


def test_stopped_and_resumed(judge, files):
    judge.go.clear()
    study = Study(judge, "m")
    study.set_images(_dropped(files))
    study.cancel()
    judge.go.set()
    study.wait_for_first(30)
    entries = study.images()
    read_now = [entry for entry in entries if entry.summary]
    stopped = [entry for entry in entries if entry.stopped]
    assert read_now
    assert len(read_now) + len(stopped) == len(files)
    assert all("stopped" in entry.error for entry in stopped)
    study.resume()
    study.wait_for_first(30)
    assert all(entry.summary for entry in study.images())
    assert len(judge.asked) == len(files)


def test_what_is_removed_is_forgotten_even_while_it_is_read(judge, files):
    judge.go.clear()
    study = Study(judge, "m")
    study.set_images(_dropped(files[:2]))
    study.set_images([])
    judge.go.set()
    study._pool.shutdown()
    assert study.images() == []
    assert not study._found
    assert not study._whole
    assert not study._films


def test_pixels_of_many_films_are_let_go_and_come_back(judge, files, monkeypatch):
    monkeypatch.setattr(module, "MAX_KEPT_PIXELS", 2 * 400 * 320)
    study = Study(judge, "m")
    study.set_images(_dropped(files))
    study.wait_for_first(30)
    assert len(study._whole) == 2
    for entry in study.images():
        assert max(entry.summary.film.pixels.shape) == THUMBNAIL_SIDE
        assert np.array_equal(entry.opinion.film.pixels, read_radiograph(entry.content).pixels)
        assert entry.opinion.probability == entry.summary.probability
        assert len(study._whole) == 2
    assert len(judge.asked) == len(files)


def test_copies_are_films_of_their_own_and_judged_once(judge, files):
    study = Study(judge, "m")
    study.set_images([DroppedFile("one", files[0]), DroppedFile("two", files[0])])
    study.wait_for_first(30)
    one, two = study.images()
    assert one.key != two.key
    assert len(judge.asked) == 1


def test_keys_hold_no_name(judge, files):
    study = Study(judge, "m")
    study.set_images([DroppedFile("Doe^Jane", files[0])])
    assert "Doe" not in study.images()[0].key


def test_unexpected_exception_on_one_file_spoils_no_other(judge, files, caplog):
    def faulty(content: bytes) -> Opinion:
        if content == files[0]:
            raise ZeroDivisionError("Doe^Jane")
        return judge(content)

    study = Study(faulty, "m")
    study.set_images(_dropped(files[:2]))
    study.wait_for_first(30)
    bad, good = study.images()
    assert re.fullmatch(r"This file could not be read \(internal error, reference [0-9A-F]{6}\)\.", bad.error)
    assert good.probability is not None
    assert "ZeroDivisionError" in caplog.text
    assert "Doe" not in caplog.text


def test_file_that_cannot_be_read_again_becomes_an_error(judge, files, monkeypatch):
    monkeypatch.setattr(module, "MAX_KEPT_PIXELS", 1)
    study = Study(judge, "m")
    study.set_images(_dropped(files[:2]))
    study.wait_for_first(30)

    def broken(*_args, **_options):
        raise ZeroDivisionError

    monkeypatch.setattr(module, "read_radiograph", broken)
    assert sum(entry.opinion is None for entry in study.images()) == 1
    assert sum("internal error" in entry.error for entry in study.images()) == 1


def test_answer_out_of_scope_is_given_on_request(files):
    asked = []

    def judge(content: bytes, ignore_scope: bool = False) -> Opinion:
        asked.append(ignore_scope)
        found = Judge()(content)
        if ignore_scope:
            return replace(found, gate=QualityCheck(QualityState.WARN, ("Out of scope.",), out_of_scope=True))
        gate = QualityCheck(QualityState.REFUSE, ("Out of scope.",), out_of_scope=True)
        return replace(found, gate=gate, probability=None, verdict=None)

    study = Study(judge, "m")
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
    assert asked == [False, True]


def test_a_small_film_stays_as_it_is(judge, files):
    opinion = judge(files[0])
    small = replace(opinion, film=replace(opinion.film, pixels=opinion.film.pixels[:100, :90]))
    assert small.shrunk().film.pixels.shape == (100, 90)
    assert np.array_equal(small.shrunk().thumbnail, small.thumbnail)

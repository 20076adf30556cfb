"""A study read in the background: first answers first, nothing twice, nothing kept that was removed."""

import re
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from fracture_core import reading as module
from fracture_core.data.phantom import draw, encode_png
from fracture_core.errors import ImageReadError
from fracture_core.imaging import Gate, GateState, read
from fracture_core.imaging.bundle import Dropped
from fracture_core.opinion import THUMBNAIL, Opinion
from fracture_core.reading import Reading
from fracture_core.words import Verdict


@pytest.fixture(scope="module")
def files() -> list[bytes]:
    return [encode_png(draw(seed, "leg", False, (400, 320)).pixels) for seed in range(6)]


def _dropped(files: list[bytes]) -> list[Dropped]:
    return [Dropped(f"{number}.png", content) for number, content in enumerate(files)]


class Judge:
    """A model that can be made to wait, and counts what it was asked."""

    def __init__(self):
        self.asked: list[bytes] = []
        self.go = threading.Event()
        self.go.set()

    def __call__(self, content: bytes) -> Opinion:
        self.asked.append(content)
        assert self.go.wait(30)
        film = read(content)
        card = SimpleNamespace(id="m")
        return Opinion(film, Gate(GateState.PASS), float(film.pixels.mean()), Verdict.NOT_SEEN, None, card)


@pytest.fixture
def judge() -> Judge:
    return Judge()


def test_a_study_is_read_in_order_and_once(judge, files):
    films = _dropped(files[:3])
    study = Reading(judge, "m")
    study.show(films)
    study.wait(30)
    entries = study.entries()
    assert [entry.name for entry in entries] == ["0.png", "1.png", "2.png"]
    assert all(entry.summary and not entry.waits and not entry.error for entry in entries)
    study.show(films)
    study.show([*films, *_dropped(files[3:4])])
    study.wait(30)
    assert sorted(judge.asked) == sorted(files[:4])
    assert [entry.opinion.film.width for entry in study.entries()] == [320] * 4


def test_the_first_answer_does_not_wait_for_the_rest(judge, files):
    held = threading.Event()

    def slow(content: bytes) -> Opinion:
        if content != files[0]:
            assert held.wait(30)
        return judge(content)

    study = Reading(slow, "m")
    study.show(_dropped(files))
    study.wait(0.0)
    first, *rest = study.entries()
    assert first.summary is not None
    assert all(entry.waits for entry in rest)
    held.set()
    study.wait(30)
    assert not any(entry.waits for entry in study.entries())


def test_a_bad_file_spoils_no_other(files):
    def judge(content: bytes) -> Opinion:
        if content == b"bad":
            raise ImageReadError("This is a text file.")
        return Judge()(content)

    study = Reading(judge, "m")
    study.show([Dropped("bad", b"bad"), *_dropped(files[:1]), Dropped("z.zip", b"", "The zip is empty.")])
    study.wait(30)
    bad, good, packed = study.entries()
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
    study = Reading(judge, "m")
    study.show(_dropped(files))
    study.cancel()
    judge.go.set()
    study.wait(30)
    entries = study.entries()
    read_now = [entry for entry in entries if entry.summary]
    stopped = [entry for entry in entries if entry.stopped]
    assert read_now
    assert len(read_now) + len(stopped) == len(files)
    assert all("stopped" in entry.error for entry in stopped)
    study.resume()
    study.wait(30)
    assert all(entry.summary for entry in study.entries())
    assert len(judge.asked) == len(files)


def test_what_is_removed_is_forgotten_even_while_it_is_read(judge, files):
    judge.go.clear()
    study = Reading(judge, "m")
    study.show(_dropped(files[:2]))
    study.show([])
    judge.go.set()
    study._pool.shutdown()
    assert study.entries() == []
    assert not study._found
    assert not study._whole
    assert not study._films


def test_pixels_of_many_films_are_let_go_and_come_back(judge, files, monkeypatch):
    monkeypatch.setattr(module, "KEPT_PIXELS", 2 * 400 * 320)
    study = Reading(judge, "m")
    study.show(_dropped(files))
    study.wait(30)
    assert len(study._whole) == 2
    for entry in study.entries():
        assert max(entry.summary.film.pixels.shape) == THUMBNAIL
        assert np.array_equal(entry.opinion.film.pixels, read(entry.content).pixels)
        assert entry.opinion.probability == entry.summary.probability
        assert len(study._whole) == 2
    assert len(judge.asked) == len(files)


def test_copies_are_films_of_their_own_and_judged_once(judge, files):
    study = Reading(judge, "m")
    study.show([Dropped("one", files[0]), Dropped("two", files[0])])
    study.wait(30)
    one, two = study.entries()
    assert one.key != two.key
    assert len(judge.asked) == 1


def test_keys_hold_no_name(judge, files):
    study = Reading(judge, "m")
    study.show([Dropped("Doe^Jane", files[0])])
    assert "Doe" not in study.entries()[0].key


def test_unexpected_exception_on_one_file_spoils_no_other(judge, files, caplog):
    def faulty(content: bytes) -> Opinion:
        if content == files[0]:
            raise ZeroDivisionError("Doe^Jane")
        return judge(content)

    study = Reading(faulty, "m")
    study.show(_dropped(files[:2]))
    study.wait(30)
    bad, good = study.entries()
    assert re.fullmatch(r"This file could not be read \(internal error, reference [0-9A-F]{6}\)\.", bad.error)
    assert good.probability is not None
    assert "ZeroDivisionError" in caplog.text
    assert "Doe" not in caplog.text


def test_file_that_cannot_be_read_again_becomes_an_error(judge, files, monkeypatch):
    monkeypatch.setattr(module, "KEPT_PIXELS", 1)
    study = Reading(judge, "m")
    study.show(_dropped(files[:2]))
    study.wait(30)

    def broken(*_args, **_options):
        raise ZeroDivisionError

    monkeypatch.setattr(module, "read", broken)
    assert sum(entry.opinion is None for entry in study.entries()) == 1
    assert sum("internal error" in entry.error for entry in study.entries()) == 1


def test_answer_out_of_scope_is_given_on_request(files):
    asked = []

    def judge(content: bytes, ignore_scope: bool = False) -> Opinion:
        asked.append(ignore_scope)
        found = Judge()(content)
        if ignore_scope:
            return replace(found, gate=Gate(GateState.WARN, ("Out of scope.",), out_of_scope=True))
        gate = Gate(GateState.REFUSE, ("Out of scope.",), out_of_scope=True)
        return replace(found, gate=gate, probability=None, verdict=None)

    study = Reading(judge, "m")
    study.show(_dropped(files[:1]))
    study.wait(30)
    (withheld,) = study.entries()
    assert withheld.summary.gate.withheld
    study.answer_anyway(withheld)
    study.wait(30)
    (answered,) = study.entries()
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

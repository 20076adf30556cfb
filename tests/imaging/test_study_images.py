"""Which images form a study: never those of two patients."""

import pytest
from patient_data import film_of

from fracture_core.imaging import study_images
from fracture_core.imaging.dropped_files import DroppedFile
from fracture_core.imaging.study_images import StudyImages

_CONTENTS = {
    "a1": film_of("A", "1", 1),
    "a2": film_of("A", "1", 2),
    "b1": film_of("B", "2", 1),
    "c1": film_of("C", "3", 1),
    "png1": b"\x89PNG\r\n\x1a\n one",
    "png2": b"\x89PNG\r\n\x1a\n two",
}
_FILES = {name: DroppedFile(name, content) for name, content in _CONTENTS.items()}


class Session:
    """A study and the uploaders in front of it."""

    def __init__(self):
        self.images = StudyImages()
        self.uploads: dict[str, list[DroppedFile]] = {}

    def drop(self, *names: str) -> "Session":
        self.uploads |= {name: [_FILES[name]] for name in names}
        return self.look()

    def remove(self, name: str) -> "Session":
        del self.uploads[name]
        return self.look()

    def look(self, emptied: bool = False) -> "Session":
        if emptied:
            self.uploads = {}
        self.images.update(self.uploads, emptied)
        return self

    @property
    def state(self) -> tuple[str, str, str, bool]:
        groups = (self.images.members, self.images.waiting, self.images.apart)
        return (*(" ".join(file.name for file in group) for group in groups), self.images.asks)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("first", "state"),
    [
        (("a1", "a2"), ("a1 a2", "", "", False)),
        (("a1", "b1", "a2"), ("a1 a2", "", "b1", False)),
        (("png1", "png2"), ("png1 png2", "", "", False)),
        (("png1", "a1", "b1"), ("png1 a1", "", "b1", False)),
    ],
)
def test_first_images(first, state):
    assert Session().drop(*first).state == state


@pytest.mark.parametrize(
    ("first", "later", "state"),
    [
        ("a1", "a2", ("a1 a2", "", "", False)),
        ("a1", "b1", ("a1", "", "b1", True)),
        ("a1", "png1", ("a1", "png1", "", True)),
        ("png1", "a1", ("png1", "a1", "", True)),
        ("png1", "png2", ("png1", "png2", "", True)),
    ],
)
@pytest.mark.parametrize("emptied", [False, True])
def test_later_image(first, later, state, emptied):
    session = Session().drop(first)
    session.look(emptied)
    assert session.drop(later).state == state
    # Nothing changes by looking again.
    assert session.look().state == state


def test_same_study():
    session = Session().drop("png1").drop("png2")
    session.images.join_waiting()
    assert session.look().state == ("png1 png2", "", "", False)


def test_new_study_outlives_its_emptied_uploader():
    session = Session().drop("png1").drop("png2")
    session.images.begin_with_waiting()
    assert session.look(emptied=True).state == ("png2", "", "", False)
    assert session.look().state == ("png2", "", "", False)


def test_new_study_with_images_of_two_more_patients_parts_them_again():
    session = Session().drop("a1", "b1", "c1")
    session.images.begin_with_apart()
    assert session.look(emptied=True).state == ("b1", "", "c1", False)


def test_kept_study_is_shown_and_the_other_stays_apart():
    session = Session().drop("a1").drop("b1")
    session.images.keep()
    assert session.look().state == ("a1", "", "b1", False)
    # The next image of yet another patient asks again.
    assert session.drop("c1").state == ("a1", "", "b1 c1", True)


def test_removed_images_go():
    session = Session().drop("a1", "a2").drop("png1")
    assert session.remove("png1").state == ("a1 a2", "", "", False)
    assert session.remove("a1").state == ("a2", "", "", False)
    assert session.remove("a2").state == ("", "", "", False)


def test_image_apart_takes_the_place_of_a_study_that_was_removed():
    assert Session().drop("a1", "b1").remove("a1").state == ("b1", "", "", False)


def test_images_without_identity_are_named_only_beside_others():
    assert Session().drop("png1", "png2").images.unidentified == []
    assert [file.name for file in Session().drop("a1", "png1").images.unidentified] == ["png1"]


def test_unexpected_exception_while_identifying_spoils_nothing(monkeypatch):
    def broken(_content):
        raise ZeroDivisionError

    monkeypatch.setattr(study_images, "identify", broken)
    assert Session().drop("a1").state == ("a1", "", "", False)

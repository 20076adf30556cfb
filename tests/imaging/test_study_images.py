"""Assignment of uploaded images to a study, which never contains images of two patients."""

import pytest
from patient_data import make_patient_image

from fracture_core.imaging import study_images
from fracture_core.imaging.dropped_files import DroppedFile
from fracture_core.imaging.study_images import StudyImages

_CONTENTS = {
    "a1": make_patient_image("A", "1", 1),
    "a2": make_patient_image("A", "1", 2),
    "b1": make_patient_image("B", "2", 1),
    "b2": make_patient_image("B", "2", 2),
    "c1": make_patient_image("C", "3", 1),
    "c2": make_patient_image("C", "3", 2),
    "png1": b"\x89PNG\r\n\x1a\n one",
    "png2": b"\x89PNG\r\n\x1a\n two",
}
_FILES = {name: DroppedFile(name, content) for name, content in _CONTENTS.items()}


class Session:
    """A study and its uploads."""

    def __init__(self):
        self.images = StudyImages()
        self.uploads: dict[str, list[DroppedFile]] = {}

    def drop(self, *names: str) -> "Session":
        self.uploads |= {name: [_FILES[name]] for name in names}
        return self.update()

    def remove(self, name: str) -> "Session":
        del self.uploads[name]
        return self.update()

    def update(self, emptied: bool = False) -> "Session":
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
def test_first_images_form_a_study(first, state):
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
def test_later_image_joins_or_starts_a_study(first, later, state, emptied):
    session = Session().drop(first)
    session.update(emptied)
    assert session.drop(later).state == state
    # A further update changes nothing.
    assert session.update().state == state


def test_waiting_images_join_on_request():
    session = Session().drop("png1").drop("png2")
    session.images.join_waiting()
    assert session.update().state == ("png1 png2", "", "", False)


def test_new_study_remains_when_its_uploader_is_emptied():
    session = Session().drop("png1").drop("png2")
    session.images.begin_with_waiting()
    assert session.update(emptied=True).state == ("png2", "", "", False)
    assert session.update().state == ("png2", "", "", False)


def test_other_studies_can_be_opened_in_turn():
    session = Session().drop("a1", "b1", "c1", "a2", "b2")
    assert [[file.name for file in study] for study in session.images.other_studies] == [["b1", "b2"], ["c1"]]
    session.images.open_other(0)
    assert session.update(emptied=True).state == ("b1 b2", "", "c1 a1 a2", False)
    session.images.open_other(1)
    assert session.update(emptied=True).state == ("a1 a2", "", "c1 b1 b2", False)
    # A later image joins the study it belongs to, open or not.
    assert session.drop("c2").state == ("a1 a2", "", "c1 c2 b1 b2", True)


def test_images_without_identity_stay_with_their_study():
    session = Session().drop("a1", "png1").drop("b1")
    session.images.open_other(0)
    assert session.update(emptied=True).state == ("b1", "", "a1 png1", False)
    session.images.open_other(0)
    assert session.update(emptied=True).state == ("a1 png1", "", "b1", False)


def test_images_of_another_study_stay_apart():
    session = Session().drop("a1").drop("b1")
    session.images.keep()
    assert session.update().state == ("a1", "", "b1", False)
    # An image of a third patient requires a decision again.
    assert session.drop("c1").state == ("a1", "", "b1 c1", True)


def test_removed_images_leave_the_study():
    session = Session().drop("a1", "a2").drop("png1")
    assert session.remove("png1").state == ("a1 a2", "", "", False)
    assert session.remove("a1").state == ("a2", "", "", False)
    assert session.remove("a2").state == ("", "", "", False)


def test_image_of_another_study_replaces_a_removed_study():
    assert Session().drop("a1", "b1").remove("a1").state == ("b1", "", "", False)


def test_images_without_identity_are_listed_only_if_others_have_one():
    assert Session().drop("png1", "png2").images.unidentified == []
    assert [file.name for file in Session().drop("a1", "png1").images.unidentified] == ["png1"]


def test_exception_while_identifying_does_not_affect_the_study(monkeypatch):
    def fail(_content):
        raise ZeroDivisionError

    monkeypatch.setattr(study_images, "identify", fail)
    assert Session().drop("a1").state == ("a1", "", "", False)

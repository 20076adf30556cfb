"""Assignment of uploaded images to the current study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fracture_core.imaging import formats
from fracture_core.imaging.dropped_files import DroppedFile
from fracture_core.imaging.identity import Identity, Match, compare, identify
from fracture_core.internal_errors import InternalFileError, file_boundary


@dataclass(frozen=True, eq=False)
class _Image:
    file: DroppedFile
    #: Key of its upload; empty if the image stays although its upload no longer exists.
    upload: str
    identity: Identity = field(repr=False)


class StudyImages:
    """The images of one study, and the uploaded images that are not part of it.

    Images of another patient or study are never added. Images that state neither patient nor study are added if they
    are uploaded with the first images; later ones wait for a decision of the user.
    """

    def __init__(self) -> None:
        self._members: list[_Image] = []
        self._waiting: list[_Image] = []
        self._apart: list[list[_Image]] = []
        self._seen: set[str] = set()
        self._asks_about_apart = False

    @property
    def members(self) -> list[DroppedFile]:
        """The images of the study, in the order of their upload."""
        return [image.file for image in self._members]

    @property
    def waiting(self) -> list[DroppedFile]:
        """Later images that may belong to the study; the user has to decide."""
        return [image.file for image in self._waiting]

    @property
    def apart(self) -> list[DroppedFile]:
        """Images of other patients or studies."""
        return [image.file for study in self._apart for image in study]

    @property
    def other_studies(self) -> list[list[DroppedFile]]:
        """The images of `apart` by study, each of which can be opened."""
        return [[image.file for image in study] for study in self._apart]

    @property
    def asks(self) -> bool:
        """Whether the user has to decide: later images are waiting, or only images of another study were added."""
        return bool(self._waiting) or (self._asks_about_apart and bool(self._apart))

    @property
    def unidentified(self) -> list[DroppedFile]:
        """Members without patient and study, if other members state one; otherwise empty."""
        if not any(image.identity.known for image in self._members):
            return []
        return [image.file for image in self._members if not image.identity.known and _is_image(image.file)]

    def update(self, uploads: Mapping[str, Sequence[DroppedFile]], emptied: bool) -> None:
        """Update the study from the current uploads.

        Args:
            uploads: the images of each upload by its key, which stays the same while the upload exists.
            emptied: whether the browser and not the user has emptied the uploaders; images without an upload then
                stay.
        """
        if emptied:
            self._detach()
        for group in (self._members, self._waiting, *self._apart):
            group[:] = [image for image in group if not image.upload or image.upload in uploads]
        self._apart = [study for study in self._apart if study]
        self._seen &= set(uploads)
        new = [
            _Image(file, key, _identity(file))
            for key, files in uploads.items()
            if key not in self._seen
            for file in files
        ]
        self._seen |= set(uploads)
        if self._members:
            self._add_later(new)
        else:
            # Open decisions ended with the removed study.
            images = [*self._waiting, *(image for study in self._apart for image in study), *new]
            self._start(images)

    def join_waiting(self) -> None:
        """Add the waiting images to the study."""
        self._members += self._waiting
        self._waiting = []

    def begin_with_waiting(self) -> None:
        """Replace the study by the waiting images."""
        self._restart(self._waiting)

    def open_other(self, number: int) -> None:
        """Open another study; the current one then is apart.

        Args:
            number: position in `other_studies`.
        """
        opened = self._apart.pop(number)
        former = [*self._members, *self._waiting]
        self._members, self._waiting = opened, []
        if former:
            self._apart.append(former)
        self._asks_about_apart = False
        self._detach()

    def keep(self) -> None:
        """Keep the study; images of other studies stay apart."""
        self._asks_about_apart = False

    def _start(self, images: Iterable[_Image]) -> None:
        """Start a study. The first image that states a patient or study decides which others belong to it."""
        self._members, self._waiting, self._apart = [], [], []
        self._asks_about_apart = False
        for image in images:
            if self._relation(image) is Match.DIFFERENT:
                self._set_apart(image)
            else:
                self._members.append(image)

    def _add_later(self, images: Iterable[_Image]) -> None:
        joined = False
        for image in images:
            match self._relation(image):
                case Match.SAME:
                    self._members.append(image)
                    joined = True
                case Match.DIFFERENT:
                    self._set_apart(image)
                    self._asks_about_apart = True
                case Match.UNKNOWN:
                    self._waiting.append(image)
        if joined and not self._waiting:
            # The page then shows the study with the added images.
            self._asks_about_apart = False

    def _set_apart(self, image: _Image) -> None:
        """Add an image to the other study that it belongs to, or to a new one."""
        study = next((study for study in self._apart if _relation(image, study) is Match.SAME), None)
        if study is None:
            self._apart.append([image])
        else:
            study.append(image)

    def _relation(self, image: _Image) -> Match:
        """How an image relates to the members."""
        return _relation(image, self._members)

    def _restart(self, images: Iterable[_Image]) -> None:
        """Start a study with images that stay without their upload."""
        self._seen.clear()
        self._start([_Image(image.file, "", image.identity) for image in images])

    def _detach(self) -> None:
        for group in (self._members, self._waiting, *self._apart):
            group[:] = [_Image(image.file, "", image.identity) for image in group]
        self._seen.clear()


def _relation(image: _Image, study: Iterable[_Image]) -> Match:
    """How an image relates to the images of a study."""
    matches = {compare(image.identity, member.identity) for member in study}
    return next((match for match in (Match.DIFFERENT, Match.SAME) if match in matches), Match.UNKNOWN)


def _is_image(file: DroppedFile) -> bool:
    """Whether a file has the signature of an image, unlike documents or archives."""
    content = file.content
    return (
        formats.is_dicom(content)
        or formats.may_be_bare_dicom(content)
        or bool(formats.raster_format(content))
    )


def _identity(file: DroppedFile) -> Identity:
    """The identity of a file; empty for files that cannot be read."""
    try:
        with file_boundary():
            return identify(file.content)
    except InternalFileError:
        return Identity()

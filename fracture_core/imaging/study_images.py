"""Which of the uploaded images form the current study, and which wait or stand aside."""

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
    #: The upload that it came with; empty where it stays though its upload is gone.
    upload: str
    identity: Identity = field(repr=False)


class StudyImages:
    """The images of one study, with the uploaded images that are not part of it.

    Images that name another patient or another study never join. Images that name none join the first ones of a study
    and need an answer of the user when they come later.
    """

    def __init__(self) -> None:
        self._members: list[_Image] = []
        self._waiting: list[_Image] = []
        self._apart: list[_Image] = []
        self._seen: set[str] = set()
        self._asks_about_apart = False

    @property
    def members(self) -> list[DroppedFile]:
        """The images of the study, in the order in which they came."""
        return [image.file for image in self._members]

    @property
    def waiting(self) -> list[DroppedFile]:
        """Images that came after the study and may belong to it: the user has to say."""
        return [image.file for image in self._waiting]

    @property
    def apart(self) -> list[DroppedFile]:
        """Images of another patient or another study."""
        return [image.file for image in self._apart]

    @property
    def asks(self) -> bool:
        """Whether the user has to say how to go on: later images wait, or only images of another study came."""
        return bool(self._waiting) or (self._asks_about_apart and bool(self._apart))

    @property
    def unidentified(self) -> list[DroppedFile]:
        """Members that name neither patient nor study, where other members do; else none."""
        if not any(image.identity.known for image in self._members):
            return []
        return [image.file for image in self._members if not image.identity.known and _is_image(image.file)]

    def update(self, uploads: Mapping[str, Sequence[DroppedFile]], emptied: bool) -> None:
        """Take over what the uploaders hold now.

        Args:
            uploads: the images of each upload by its key, which is the same as long as the upload is there.
            emptied: whether the uploaders were emptied by the browser and not by the user, so that images whose upload
                is gone stay.
        """
        if emptied:
            self._detach()
        for group in (self._members, self._waiting, self._apart):
            group[:] = [image for image in group if not image.upload or image.upload in uploads]
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
            # What the user had to decide on went away with the study.
            images = [*self._waiting, *self._apart, *new]
            self._begin(images)

    def join_waiting(self) -> None:
        """Add the waiting images to the study."""
        self._members += self._waiting
        self._waiting = []

    def begin_with_waiting(self) -> None:
        """Replace the study by the waiting images."""
        self._restart(self._waiting)

    def begin_with_apart(self) -> None:
        """Replace the study by the images of another patient or study."""
        self._restart(self._apart)

    def keep(self) -> None:
        """Go on with the study; images of other studies stay apart."""
        self._asks_about_apart = False

    def _begin(self, images: Iterable[_Image]) -> None:
        """Start a study: the first image that names a patient or study decides which others belong to it."""
        self._members, self._waiting, self._apart = [], [], []
        self._asks_about_apart = False
        for image in images:
            (self._apart if self._relation(image) is Match.DIFFERENT else self._members).append(image)

    def _add_later(self, images: Iterable[_Image]) -> None:
        joined = False
        for image in images:
            match self._relation(image):
                case Match.SAME:
                    self._members.append(image)
                    joined = True
                case Match.DIFFERENT:
                    self._apart.append(image)
                    self._asks_about_apart = True
                case Match.UNKNOWN:
                    self._waiting.append(image)
        if joined and not self._waiting:
            # The page then shows the study with its new images.
            self._asks_about_apart = False

    def _relation(self, image: _Image) -> Match:
        """How an image relates to the members."""
        found = {compare(image.identity, member.identity) for member in self._members}
        return next((match for match in (Match.DIFFERENT, Match.SAME) if match in found), Match.UNKNOWN)

    def _restart(self, images: Iterable[_Image]) -> None:
        """Start a study with images that stay though their upload goes."""
        self._seen.clear()
        self._begin([_Image(image.file, "", image.identity) for image in images])

    def _detach(self) -> None:
        for group in (self._members, self._waiting, self._apart):
            group[:] = [_Image(image.file, "", image.identity) for image in group]
        self._seen.clear()


def _is_image(file: DroppedFile) -> bool:
    """Whether a file begins like an image, and not like a letter or an archive beside the images."""
    content = file.content
    return (
        formats.is_dicom(content)
        or formats.may_be_bare_dicom(content)
        or bool(formats.raster_format(content))
    )


def _identity(file: DroppedFile) -> Identity:
    """The identity of a file; one that cannot be read has none."""
    try:
        with file_boundary():
            return identify(file.content)
    except InternalFileError:
        return Identity()

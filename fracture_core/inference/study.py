"""Reading: the films of a study judged in the background, in this computer's memory and nowhere else."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fracture_core.errors import SecondLookError
from fracture_core.imaging import read_radiograph
from fracture_core.imaging.dropped_files import DroppedFile
from fracture_core.internal_errors import file_boundary

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion

# One film is decoded while the network looks at another.
_WORKERS = 2

#: Films whose pixels are kept, as their number together; the others are decoded again when they are opened.
MAX_KEPT_PIXELS = 32 << 20


@dataclass(frozen=True, eq=False)
class StudyImage:
    """One film of a study, and how far it has come.

    Attributes:
        name: as the user sees it.
        key: tells it from the others of its study, and from the same film judged by another model.
        content: its bytes.
        summary: the opinion with the film at the size of a thumbnail; None where there is none.
        error: the sentence why there is none; empty where there is one and while it is waited for.
        waits: whether it is still to be judged.
        stopped: whether the reading was stopped before its turn.
        reading: what it is part of.
    """

    name: str
    key: str
    content: bytes
    summary: Opinion | None
    error: str
    waits: bool
    stopped: bool
    reading: Study

    @property
    def opinion(self) -> Opinion | None:
        """The whole opinion, with every pixel of the film."""
        return self.reading.load_opinion(self) if self.summary else None

    @property
    def probability(self) -> float | None:
        """Of a fracture, 0–1; None where the film was not read or not judged."""
        return self.summary.probability if self.summary else None


class Study:
    """The films of one study and one model. A film is judged once, whatever is added or removed around it.

    Args:
        judge: bytes to an opinion; it is called from threads. An image that the user asks for in spite of its scope
            is given with `ignore_scope=True`.
        model: tells this model from every other.
    """

    def __init__(self, judge: Callable[..., Opinion], model: str):
        self.model = model
        self._judge = judge
        self._films: list[tuple[str, DroppedFile]] = []
        self._found: dict[str, Opinion | str] = {}
        # Opinions with all their pixels, the one used last at the end.
        self._whole: dict[str, Opinion] = {}
        self._work: dict[str, Future] = {}
        # Images that the user wants an answer on though they are out of scope.
        self._ignored_scope: set[str] = set()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="reads films")

    def set_images(self, films: Sequence[DroppedFile]) -> None:
        """Sets the films and begins to read those not seen before; what is no longer among them is forgotten."""
        with self._lock:
            if [film for _, film in self._films] == list(films):
                return
            self._films = [
                (f"{self.model} {hashlib.sha256(film.content).hexdigest()}", film) for film in films
            ]
            wanted = {key for key, _ in self._films}
            for stale in {*self._found, *self._work} - wanted:
                self._found.pop(stale, None)
                self._whole.pop(stale, None)
                if stale in self._work:
                    self._work.pop(stale).cancel()
            self._ignored_scope &= wanted
        self.resume()

    def resume(self) -> None:
        """Reads what has not been read, after `cancel` too."""
        with self._lock:
            for key, film in self._films:
                under_way = key in self._work and not self._work[key].cancelled()
                if not film.error and key not in self._found and not under_way:
                    self._work[key] = self._pool.submit(self._predict, key, film.content)

    def answer_anyway(self, entry: StudyImage) -> None:
        """Judge an image again, this time without regard to the scope of the model.

        Args:
            entry: of an image whose opinion is withheld.
        """
        key = _content_key(entry)
        with self._lock:
            found = self._found.get(key)
            if found is None or isinstance(found, str) or not found.gate.withheld:
                return
            self._ignored_scope.add(key)
            del self._found[key]
            self._whole.pop(key, None)
            self._work.pop(key, None)
        self.resume()

    def cancel(self) -> None:
        """Begins no further film."""
        for work in list(self._work.values()):
            work.cancel()

    def wait_for_first(self, rest: float) -> None:
        """Waits for the first opinion.

        Args:
            rest: seconds to wait for the others after it.
        """
        works = list(self._work.values())
        for _ in as_completed(works):
            if self._whole:
                break
        wait(works, timeout=rest)

    def images(self) -> list[StudyImage]:
        """Every film of the study, in order."""
        with self._lock:
            return [self._find_or_create(number, key, film) for number, (key, film) in enumerate(self._films)]

    def load_opinion(self, entry: StudyImage) -> Opinion | None:
        """The whole opinion on a film; its pixels are decoded again where they were let go.

        Returns:
            The opinion; None where there is none or the file could not be read again, which is then its error.
        """
        key = _content_key(entry)
        with self._lock:
            found, whole = self._found.get(key), self._whole.get(key)
        if found is None or isinstance(found, str):
            return None
        if whole is None:
            try:
                with file_boundary():
                    whole = replace(found, film=read_radiograph(entry.content, any_modality=True))
            except SecondLookError as error:
                with self._lock:
                    if key in self._found:
                        self._found[key] = str(error)
                return None
        with self._lock:
            self._keep_pixels(key, whole)
        return whole

    def _find_or_create(self, number: int, key: str, film: DroppedFile) -> StudyImage:
        found, work = self._found.get(key), self._work.get(key)
        error = film.error or (found if isinstance(found, str) else "")
        stopped = found is None and not error and work is not None and work.cancelled()
        if stopped:
            error = "This film was not read, because the reading was stopped: let the rest be read."
        summary = None if found is None or isinstance(found, str) else found
        waits = found is None and not error
        # The number tells two files with the same content apart.
        return StudyImage(film.name, f"{key} {number}", film.content, summary, error, waits, stopped, self)

    def _predict(self, key: str, content: bytes) -> None:
        found: Opinion | str
        try:
            with file_boundary():
                ignored = key in self._ignored_scope
                found = self._judge(content, ignore_scope=True) if ignored else self._judge(content)
        except SecondLookError as error:
            found = str(error)
        with self._lock:
            # The film may have been removed meanwhile; nothing of it is then kept.
            if key not in {wanted for wanted, _ in self._films}:
                return
            if isinstance(found, str):
                self._found[key] = found
            else:
                self._found[key] = found.shrunk()
                self._keep_pixels(key, found)

    def _keep_pixels(self, key: str, whole: Opinion) -> None:
        """Keeps the pixels of the films used last."""
        if key not in self._found:
            return
        self._whole.pop(key, None)
        self._whole[key] = whole
        pixels = [opinion.film.pixels.size for opinion in self._whole.values()]
        while len(pixels) > 1 and sum(pixels) > MAX_KEPT_PIXELS:
            del self._whole[next(iter(self._whole))]
            del pixels[0]


def _content_key(entry: StudyImage) -> str:
    """The key without the number of the film: what copies of a film have in common."""
    return entry.key.rsplit(" ", 1)[0]

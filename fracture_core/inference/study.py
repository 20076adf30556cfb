"""A study whose images are predicted in background threads and kept in memory only."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, as_completed, wait
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fracture_core.errors import SecondLookError
from fracture_core.imaging import read_radiograph
from fracture_core.imaging.decoder_processes import kill_decoder
from fracture_core.imaging.dropped_files import DroppedFile
from fracture_core.inference.fair_pool import FairPool
from fracture_core.internal_errors import file_boundary

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion

# Images that are decoded again at the same time, whatever the number of users; each may need 600 MB.
_READING = threading.BoundedSemaphore(2)

#: Total number of pixels kept in memory; other images are decoded again when they are opened.
MAX_KEPT_PIXELS = 16 << 20


@dataclass(frozen=True, eq=False)
class StudyImage:
    """One image of a study and its progress.

    Attributes:
        name: Name shown to the user.
        key: Identifies the image in its study, and the model that predicts it.
        content: Content of the file.
        summary: Opinion with the image at thumbnail size; None if there is none.
        error: Why there is no opinion; "" if there is one or the image is pending.
        waits: Whether the image is pending.
        stopped: Whether reading was stopped before this image was predicted.
        study: Study the image belongs to.
    """

    name: str
    key: str
    content: bytes
    summary: Opinion | None
    error: str
    waits: bool
    stopped: bool
    study: Study

    @property
    def opinion(self) -> Opinion | None:
        """The opinion with the image at full size."""
        return self.study.load_opinion(self) if self.summary else None

    def explained(self) -> Opinion | None:
        """Return the summary with a heatmap, which is computed first if that is still to be done.

        Raises:
            SecondLookError: The heatmap could not be computed.
        """
        if self.summary is None or not self.study.needs_heatmap(self.summary):
            return self.summary
        return self.study.explain_image(self)

    @property
    def probability(self) -> float | None:
        """Calibrated probability of a fracture, 0–1; None without a prediction."""
        return self.summary.probability if self.summary else None


class Study:
    """Images of one study, each predicted once by one model.

    Args:
        predict: Function from the content of a file to an opinion; called from threads. With `ignore_scope=True` it
            predicts an image outside the scope of the model.
        model: Identifies the model.
        explain: Function that adds the heatmap to an opinion without one; None if `predict` computes it.
        pool: Pool of threads that is shared with other studies; None for a pool of its own.
    """

    def __init__(
        self,
        predict: Callable[..., Opinion],
        model: str,
        explain: Callable[[Opinion], Opinion] | None = None,
        pool: FairPool | None = None,
    ):
        self.model = model
        self._predict, self._explain = predict, explain
        # Images by content key, in order; two files with the same content share a key.
        self._files: list[tuple[str, DroppedFile]] = []
        # An opinion at thumbnail size, or an error message.
        self._results: dict[str, Opinion | str] = {}
        # Opinions at full size, the one used last at the end.
        self._full_size: dict[str, Opinion] = {}
        self._futures: dict[str, Future[None]] = {}
        # Images that the user wants predicted although they are out of scope.
        self._ignored_scope: set[str] = set()
        # Images that are being decoded ahead.
        self._prepared: set[str] = set()
        self._lock = threading.Lock()
        # Threads that predict an image now, by content key. A result counts only if its thread is still listed.
        self._running: dict[str, int] = {}
        # Images whose prediction was stopped while it ran.
        self._stopped: set[str] = set()
        self._pool = pool or FairPool(2)

    def set_images(self, files: Sequence[DroppedFile]) -> None:
        """Set the images of the study, predict new ones and forget those that were removed.

        Args:
            files: All images, in display order.
        """
        with self._lock:
            if [file for _, file in self._files] == list(files):
                return
            self._files = [
                (f"{self.model} {hashlib.sha256(file.content).hexdigest()}", file) for file in files
            ]
            keys = {key for key, _ in self._files}
            for removed in {*self._results, *self._futures} - keys:
                self._results.pop(removed, None)
                self._full_size.pop(removed, None)
                if removed in self._futures:
                    self._futures.pop(removed).cancel()
                self._abandon(removed)
            self._ignored_scope &= keys
            self._stopped &= keys
        self._pool.forget_cancelled(self)
        self.resume()

    def resume(self) -> None:
        """Predict all images without a result, also after `cancel`."""
        with self._lock:
            for key, file in self._files:
                is_submitted = key in self._futures and not self._futures[key].cancelled()
                if not file.error and key not in self._results and not is_submitted:
                    self._stopped.discard(key)
                    self._futures[key] = self._pool.submit(self, self._predict_file, key, file.content)

    def answer_anyway(self, image: StudyImage) -> None:
        """Predict an image again, without regard to the scope of the model.

        Args:
            image: Image whose opinion is withheld.
        """
        key = _content_key(image)
        with self._lock:
            result = self._results.get(key)
            if result is None or isinstance(result, str) or not result.gate.withheld:
                return
            self._ignored_scope.add(key)
            del self._results[key]
            self._full_size.pop(key, None)
            self._futures.pop(key, None)
        self.resume()

    def cancel(self) -> None:
        """Start no further prediction, and drop those that are running; a decoder process is killed."""
        with self._lock:
            for key in list(self._futures):
                if not self._futures[key].cancel() and not self._futures[key].done():
                    self._abandon(key)
                    self._stopped.add(key)
                    del self._futures[key]
        self._pool.forget_cancelled(self)

    def studies_ahead(self) -> int:
        """Return how many studies of other users have their turn before this one."""
        return self._pool.clients_ahead(self)

    def _abandon(self, key: str) -> None:
        """Drop the result of a running prediction."""
        thread = self._running.pop(key, None)
        if thread is not None:
            kill_decoder(thread)

    def wait_for_first(self, rest: float) -> None:
        """Wait for the first opinion.

        Args:
            rest: Seconds to wait for the others after it.
        """
        futures = list(self._futures.values())
        for _ in as_completed(futures):
            if self._full_size:
                break
        wait(futures, timeout=rest)

    def images(self) -> list[StudyImage]:
        """Return every image of the study, in order."""
        with self._lock:
            return [self._study_image(number, key, file) for number, (key, file) in enumerate(self._files)]

    def load_opinion(self, image: StudyImage) -> Opinion | None:
        """Return the opinion on an image at full size, which is decoded again if necessary.

        Args:
            image: Image of this study.

        Returns:
            The opinion; None if there is none or the file cannot be read again. The latter becomes its error.
        """
        key = _content_key(image)
        with self._lock:
            result, opinion = self._results.get(key), self._full_size.get(key)
        if result is None or isinstance(result, str):
            return None
        if opinion is None:
            try:
                with file_boundary(), _READING:
                    opinion = replace(result, film=read_radiograph(image.content, any_modality=True))
            except SecondLookError as error:
                with self._lock:
                    if key in self._results:
                        self._results[key] = str(error)
                return None
        with self._lock:
            self._keep_full_size(key, opinion)
        return opinion

    def kept_opinion(self, image: StudyImage) -> Opinion | None:
        """Return the opinion on an image at full size if it is in memory, else None; nothing is decoded."""
        with self._lock:
            return self._full_size.get(_content_key(image))

    def prepare_opinion(self, image: StudyImage) -> None:
        """Decode an image in the background, so that it opens at once.

        Args:
            image: Image of this study that is likely to be opened next.
        """
        key = _content_key(image)
        with self._lock:
            if key in self._prepared or key not in self._results:
                return
            self._prepared.add(key)
        self._pool.submit(self, self._prepare, image)

    def _prepare(self, image: StudyImage) -> None:
        try:
            with file_boundary():
                opinion = self.load_opinion(image)
                if opinion is not None:
                    _ = opinion.packed_pixels  # compressed once and kept
        except SecondLookError:
            pass  # the page shows the error when the image is opened
        finally:
            with self._lock:
                self._prepared.discard(_content_key(image))

    def needs_heatmap(self, opinion: Opinion) -> bool:
        """Return whether the heatmap of an opinion is still to be computed, which takes seconds."""
        return self._explain is not None and opinion.heat is None and opinion.probability is not None

    def explain_image(self, image: StudyImage) -> Opinion | None:
        """Compute the heatmap of an image, unless it has one, and keep it.

        Args:
            image: Image of this study.

        Returns:
            Its opinion at full size, with a heatmap; None if there is none.

        Raises:
            SecondLookError: The heatmap could not be computed.
        """
        opinion = self.load_opinion(image)
        if opinion is None or self._explain is None or not self.needs_heatmap(opinion):
            return opinion
        explained = self._explain(opinion)
        with self._lock:
            if _content_key(image) in self._results:
                self._results[_content_key(image)] = explained.shrunk()
                self._keep_full_size(_content_key(image), explained)
        return explained

    def _study_image(self, number: int, key: str, file: DroppedFile) -> StudyImage:
        result, future = self._results.get(key), self._futures.get(key)
        error = file.error or (result if isinstance(result, str) else "")
        is_cancelled = key in self._stopped or (future is not None and future.cancelled())
        stopped = result is None and not error and is_cancelled
        if stopped:
            error = (
                "This image was not analysed because the analysis was stopped: select “Continue analysis”."
            )
        summary = None if result is None or isinstance(result, str) else result
        waits = result is None and not error
        # The number distinguishes two files with the same content.
        return StudyImage(file.name, f"{key} {number}", file.content, summary, error, waits, stopped, self)

    def _predict_file(self, key: str, content: bytes) -> None:
        result: Opinion | str
        thread = threading.get_ident()
        with self._lock:
            if key not in self._futures:  # removed before it began
                return
            self._running[key] = thread
        try:
            with file_boundary():
                ignored = key in self._ignored_scope
                result = self._predict(content, ignore_scope=True) if ignored else self._predict(content)
        except SecondLookError as error:
            result = str(error)
        with self._lock:
            # Nothing is kept of an image that was removed or stopped in the meantime.
            if self._running.get(key) != thread or key not in {current for current, _ in self._files}:
                return
            del self._running[key]
            if isinstance(result, str):
                self._results[key] = result
            else:
                self._results[key] = result.shrunk()
                self._keep_full_size(key, result)

    def _keep_full_size(self, key: str, opinion: Opinion) -> None:
        """Keep an opinion at full size, and drop those used least recently above the limit."""
        if key not in self._results:
            return
        self._full_size.pop(key, None)
        self._full_size[key] = opinion
        pixels = [kept.film.pixels.size for kept in self._full_size.values()]
        while len(pixels) > 1 and sum(pixels) > MAX_KEPT_PIXELS:
            del self._full_size[next(iter(self._full_size))]
            del pixels[0]


def _content_key(image: StudyImage) -> str:
    """Return the key without the number of the image, which all files with the same content share."""
    return image.key.rsplit(" ", 1)[0]

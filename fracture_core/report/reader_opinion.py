"""The reader's own opinion on a verdict, carried into reports."""

from __future__ import annotations

from dataclasses import dataclass

from fracture_core.review.verdict_opinions import ReaderMark

_SENTENCES = {
    ReaderMark.AGREE: "The reader agrees with this verdict.",
    ReaderMark.DISAGREE: "The reader disagrees with this verdict.",
    ReaderMark.UNSURE: "The reader is unsure.",
}


@dataclass(frozen=True)
class ReaderOpinion:
    """A reader's mark and comment on one image.

    Attributes:
        mark: the mark; None if the reader only wrote a comment.
        comment: free text; may be "".
    """

    mark: ReaderMark | None = None
    comment: str = ""

    @property
    def text(self) -> str:
        """Mark and comment as text; "" if there is neither.

        Example:
            >>> ReaderOpinion(ReaderMark.UNSURE, "Old fracture?").text
            'The reader is unsure. Comment: Old fracture?'
        """
        mark = "" if self.mark is None else _SENTENCES[self.mark]
        return " ".join(filter(None, (mark, f"Comment: {self.comment}" if self.comment else "")))

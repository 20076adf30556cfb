"""The answer on a study as a whole, from the opinions on its images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fracture_core.imaging import Refusal
from fracture_core.vocabulary import Verdict

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion


@dataclass(frozen=True)
class StudySummary:
    """The answer on a study: that of its most suspicious image that has a verdict.

    docs/second_opinion.md compares this rule with others. Thresholds were chosen for single images, so false alarms
    are more likely in large studies.

    Attributes:
        images: number of images.
        verdict: verdict of the study; None if every image is refused or unreadable.
        probability: probability of the most suspicious image, 0–1; None like `verdict`.
        most_suspicious: position of that image; None like `verdict`.
        verdicts: number of images with each verdict, without requested answers.
        refused: number of images by the reason why their verdict was withheld, with or without a requested answer.
        unreadable: number of images without an opinion.
    """

    images: int
    verdict: Verdict | None
    probability: float | None
    most_suspicious: int | None
    verdicts: dict[Verdict, int]
    refused: dict[Refusal, int]
    unreadable: int

    @classmethod
    def of(cls, opinions: Sequence[Opinion | None]) -> StudySummary:
        """Combine the opinions on the images of a study.

        Args:
            opinions: the opinions in order; None for an image that could not be read.
        """
        judged = [
            (opinion.probability, number)
            for number, opinion in enumerate(opinions)
            if opinion is not None and opinion.probability is not None and opinion.gate.refusal is None
        ]
        refused = [opinion.gate.refusal for opinion in opinions if opinion is not None]
        # Among equal images the first.
        best = max(judged, key=lambda pair: (pair[0], -pair[1]), default=None)
        verdicts = [opinions[number].verdict for _, number in judged]  # type: ignore[union-attr]
        return cls(
            images=len(opinions),
            verdict=None if best is None else opinions[best[1]].verdict,  # type: ignore[union-attr]
            probability=None if best is None else best[0],
            most_suspicious=None if best is None else best[1],
            verdicts={verdict: verdicts.count(verdict) for verdict in Verdict},
            refused={refusal: refused.count(refusal) for refusal in Refusal},
            unreadable=opinions.count(None),
        )

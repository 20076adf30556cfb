"""Slide: one film of a lesson, with everything that is told of it."""

from dataclasses import dataclass

import numpy as np

from fracture_core.datasets.cases import Box

#: What is said of films of persons, and of drawn ones, wherever a lesson is shown or taken along.
REAL_IMAGES_NOTICE = (
    "These are films of persons. Whoever passes this lesson on answers for it: for the licence and the consent, and "
    "for names or dates that may be burnt into the pictures."
)
SYNTHETIC_IMAGES_NOTICE = "All films are synthetic: drawn by this app, no person was X-rayed."
MIXED_IMAGES_NOTICE = (
    f"Some films are synthetic and say so. The others: "
    f"{REAL_IMAGES_NOTICE[0].lower()}{REAL_IMAGES_NOTICE[1:]}"
)


@dataclass(frozen=True, eq=False)
class LessonSlide:
    """One film. It names no file.

    Attributes:
        film: uint8 (height, width).
        overlay: uint8 RGB (height, width, 3), the film under its heatmap; None where there is no heatmap.
        no_heat: why there is none, in a sentence; "" where there is one.
        boxes: true places of the finding, as fractions of the film.
        label: 0 or 1, the truth.
        probability: of label 1, as the model told.
        called: whether that is at or above the threshold.
        verdict: the model's, in words.
        region: body regions, in words; may be empty.
        note: the teacher's; may be empty.
        synthetic: whether the film was drawn by this app.
    """

    film: np.ndarray
    overlay: np.ndarray | None
    no_heat: str
    boxes: tuple[Box, ...]
    label: int
    probability: float
    called: bool
    verdict: str
    region: str
    note: str
    synthetic: bool


@dataclass(frozen=True, eq=False)
class LessonPresentation:
    """What is shown and taken along.

    Attributes:
        title: the teacher's.
        finding: what label 1 means.
        model: what the model is called.
        threshold: at or above it the model calls a film by the finding.
        slides: in order.
    """

    title: str
    finding: str
    model: str
    threshold: float
    slides: tuple[LessonSlide, ...]

    @property
    def privacy_notice(self) -> str:
        """Whose responsibility the films are, in words."""
        drawn = [slide.synthetic for slide in self.slides]
        return (
            SYNTHETIC_IMAGES_NOTICE
            if all(drawn)
            else MIXED_IMAGES_NOTICE
            if any(drawn)
            else REAL_IMAGES_NOTICE
        )

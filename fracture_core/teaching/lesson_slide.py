"""LessonSlide and LessonPresentation: the content of a lesson, ready to be drawn or exported."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fracture_core.datasets.cases import Box

#: Notices shown wherever a lesson is presented or exported.
REAL_IMAGES_NOTICE = (
    "These images show real patients. Before you share this lesson, check the licence, the consent, and the images "
    "for burnt-in names or dates."
)
SYNTHETIC_IMAGES_NOTICE = "All images are synthetic and show no real person."
MIXED_IMAGES_NOTICE = (
    "Images marked “synthetic” show no real person. The other images show real patients. "
    "Before you share this lesson, check the licence, the consent, and the images for burnt-in names or dates."
)


@dataclass(frozen=True, eq=False)
class LessonSlide:
    """One image of a lesson with its answers. It contains no file name.

    Attributes:
        film: the radiograph, uint8 (height, width).
        overlay: the radiograph under its heatmap, uint8 RGB (height, width, 3); None without a heatmap.
        no_heat: why there is no heatmap; "" if there is one.
        boxes: bounding boxes of the true lesions, as fractions of the image.
        label: ground truth, 0 or 1.
        probability: the model's probability of label 1, 0–1.
        called: whether the probability reaches the threshold.
        verdict: the model's verdict in words.
        region: body regions in words; may be empty.
        note: the teacher's note; may be empty.
        synthetic: whether the image is a phantom of this app.
    """

    film: NDArray[np.uint8]
    overlay: NDArray[np.uint8] | None
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
    """A lesson as it is presented and exported.

    Attributes:
        title: name of the lesson.
        finding: meaning of label 1, "fracture" or "abnormality".
        model: title of the model.
        threshold: probability from which the model reports the finding, 0–1.
        slides: in order of presentation.
    """

    title: str
    finding: str
    model: str
    threshold: float
    slides: tuple[LessonSlide, ...]

    @property
    def privacy_notice(self) -> str:
        """Whether the images show patients, and what to check before sharing them."""
        synthetic = [slide.synthetic for slide in self.slides]
        if all(synthetic):
            return SYNTHETIC_IMAGES_NOTICE
        return MIXED_IMAGES_NOTICE if any(synthetic) else REAL_IMAGES_NOTICE

    @property
    def correct_count(self) -> int:
        """Number of slides on which the model agrees with the ground truth."""
        return sum(slide.called == bool(slide.label) for slide in self.slides)

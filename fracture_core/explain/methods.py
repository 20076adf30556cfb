"""Descriptions of the heatmap methods: what each shows and how far to trust it.

This module imports no TensorFlow, so that pages can use it.
"""

from dataclasses import dataclass

#: Name of a method and the label to explain, 1 for *fracture*.
HeatmapRequest = tuple[str, int]


@dataclass(frozen=True)
class HeatmapMethod:
    """Description of a heatmap method.

    Attributes:
        name: Key in `HEATMAP_METHODS` and in the heatmap scales of model cards.
        title: Name shown to users.
        shows: One sentence on what the heatmap shows.
        trust: One sentence on how far to trust it.
        against: One sentence on why it cannot show evidence for *no fracture*; "" if it can.
        unit: Unit of its values, for the legend.
        slow: Whether one image takes seconds.
    """

    name: str
    title: str
    shows: str
    trust: str
    against: str = ""
    unit: str = "evidence"
    slow: bool = False


GRAD_CAM = HeatmapMethod(
    "grad_cam",
    "Grad-CAM",
    "Areas that raised the model's suspicion, with each feature weighted by its mean effect on the output.",
    "It shows what the model used, not where a fracture is.",
)
FRACTURE_MAP = HeatmapMethod(
    "fracture_map",
    "Fracture map",
    "The model's fracture probability in each area.",
    "It was trained on fractures that people had marked, and the verdict is computed from it.",
    "The fracture map cannot show evidence for no fracture: it marks only areas that look like a fracture.",
    "chance",
)
GRAD_CAM_PP = HeatmapMethod(
    "grad_cam_pp",
    "Grad-CAM++",
    "Like Grad-CAM, but it uses only features that raise the suspicion and shows several separate areas better.",
    "It marks wider areas than Grad-CAM: trust its strongest point, not its extent.",
)
LAYER_CAM = HeatmapMethod(
    "layer_cam",
    "Layer-CAM",
    "What each area alone adds to the output, which limits the heatmap to the few decisive areas.",
    "It is sharp but shows no runner-up areas: a dark area is not necessarily normal.",
)
SCORE_CAM = HeatmapMethod(
    "score_cam",
    "Score-CAM",
    "What the model still suspects if it sees only the areas where one feature is strong.",
    "It uses no gradients, so its errors differ from those of the others. The model was not trained on masked images.",
    "Score-CAM cannot show evidence for no fracture: a mostly masked image looks normal wherever the mask lies.",
    slow=True,
)
SALIENCY = HeatmapMethod(
    "saliency",
    "Saliency",
    "Where a small change of the grey value would change the output most.",
    "It shows where the output is sensitive, mainly at edges, not what speaks for or against a fracture.",
    "Saliency cannot show evidence for no fracture: it has no sign, because a grey value changes the output both ways.",
    "sensitivity",
)

#: All methods by name, in display order.
HEATMAP_METHODS = {
    method.name: method for method in (GRAD_CAM, FRACTURE_MAP, GRAD_CAM_PP, LAYER_CAM, SCORE_CAM, SALIENCY)
}

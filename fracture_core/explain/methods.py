"""The ways to ask where a network looked, in words: what each shows and how far to trust it.

Says nothing of how they are computed, so that pages can read it without TensorFlow.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class HeatmapMethod:
    """One way to ask.

    Attributes:
        name: key of `HEATMAP_METHODS` and of the scales on model cards.
        title: what users read.
        shows: a sentence on what the map shows.
        trust: a sentence on how far to trust it.
        against: a sentence on why it cannot speak for *no fracture*; "" where it can.
        unit: what its values are, for the legend.
        slow: whether a film takes seconds.
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
    "Where the film raised the model's suspicion, weighing each feature by its mean effect on the answer.",
    "It shows what the model used, not where a fracture is.",
)
FRACTURE_MAP = HeatmapMethod(
    "fracture_map",
    "Fracture map",
    "How likely the model takes each place to be broken.",
    "It was taught from fractures that people had marked, and the verdict is read off it.",
    "The fracture map has one side only: it tells where something looks broken, and what is left dark is what "
    "speaks for no fracture.",
    "chance",
)
GRAD_CAM_PP = HeatmapMethod(
    "grad_cam_pp",
    "Grad-CAM++",
    "Like Grad-CAM, but only features that raise the suspicion count, and several separate places get their due.",
    "It paints more widely than Grad-CAM; take its strongest place and not its extent.",
)
LAYER_CAM = HeatmapMethod(
    "layer_cam",
    "Layer-CAM",
    "What each place alone adds to the answer, so it stays close to the few places that decide.",
    "Sharp, but a place that would have mattered next stays dark; dark does not mean intact.",
)
SCORE_CAM = HeatmapMethod(
    "score_cam",
    "Score-CAM",
    "What the model still suspects when it is shown nothing but the places where one feature is strong.",
    "It uses no gradients, so it fails in other ways than the rest; films masked like this are strange to the model.",
    "Score-CAM cannot speak for no fracture: a film that is mostly masked looks calm to the model wherever the "
    "mask lies.",
    slow=True,
)
SALIENCY = HeatmapMethod(
    "saliency",
    "Saliency",
    "Where a small change of grey would change the answer most.",
    "It shows what the answer is sensitive to, edges above all, and not what speaks for or against.",
    "Saliency has no sides: a grey value that would change the answer changes it both ways.",
    "sensitivity",
)

#: All of them by name, in the order they are offered.
HEATMAP_METHODS = {
    method.name: method for method in (GRAD_CAM, FRACTURE_MAP, GRAD_CAM_PP, LAYER_CAM, SCORE_CAM, SALIENCY)
}

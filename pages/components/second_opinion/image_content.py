"""Texts of one image for the workspace: verdict, reasons, findings, reliability and the reader's opinion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fracture_core.imaging import QualityState, Refusal
from fracture_core.report import sentences
from fracture_core.report.finding_sentences import NO_BOX, findings_meaning
from fracture_core.report.reliability import next_step, reliability_details, reliability_line
from fracture_core.report.sentences import percent_text
from fracture_core.review.verdict_opinions import ReaderMark
from fracture_core.vocabulary import finding_with_article
from pages.components.common import viewer
from pages.components.second_opinion import image_choices, probability_scale, study_content

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion
    from fracture_core.inference.study import StudyImage
    from fracture_core.registry.card import ModelCard

#: What to consider before the answer is requested.
_ANYWAY = {
    Refusal.OUT_OF_SCOPE: "The header can be wrong. On a body part or type of image outside its training data, the "
    "model's answer is meaningless.",
    Refusal.POOR_IMAGE: "On such an image a fracture is easily missed, or seen where there is none.",
    Refusal.NOT_A_RADIOGRAPH: "The check can be wrong. On anything but a radiograph, the model's answer is "
    "meaningless.",
}


def image_content(image: StudyImage, opinion: Opinion | None, number: int, card: ModelCard) -> dict[str, Any]:
    """Everything the panel says about one image.

    Args:
        image: the image.
        opinion: the opinion with all pixels; None if there is none.
        number: number of the image in the study, from 1.
        card: card of the model.
    """
    content: dict[str, Any] = {
        "key": image.key,
        "number": number,
        "name": image.name,
        "label": image_choices.file_label(image.name, number),
        "view": study_content.image_view(image).text,
        "side": study_content.image_view(image).side,
        "tone": "waits" if image.waits else "none",
        "findings": [],
        "warning": "",
    }
    if opinion is None:
        if image.waits:
            return content | {"headline": "Waiting for its analysis"}
        # An image that could be read at first and not again has its error in a new entry.
        error = image.error or next(
            (other.error for other in image.study.images() if other.key == image.key), ""
        )
        return content | {"headline": "Not readable" if not image.stopped else "Not analysed", "error": error}
    gate = opinion.gate
    content |= {
        "headline": sentences.verdict_headline(opinion),
        "reasons": list(gate.reasons),
        "refused": gate.state is QualityState.REFUSE,
        "details": [f"{opinion.film.kind}, {opinion.film.width} × {opinion.film.height} pixels."],
        "limits": list(card.limits),
    }
    if gate.withheld and gate.refusal is not None:
        content["anyway"] = _ANYWAY[gate.refusal]
    if opinion.verdict is None or opinion.probability is None:
        return content
    region = image_choices.choose_region(opinion, image.key)
    reader = image_choices.reader_opinion(image.key)
    low, high = (min(max(cut, 0.0), 1.0) for cut in (card.thresholds.low, card.thresholds.high))
    return content | {
        "tone": "none" if gate.refusal else study_content.VERDICT_TONES[opinion.verdict],
        "share": percent_text(opinion.probability),
        "probability": f"Probability of {finding_with_article(card.finding)}",
        "scale_marks": {
            "low": f"{low:.1%}",
            "high": f"{high:.1%}",
            "at": f"{opinion.probability:.1%}",
            "ticks": [
                {"at": f"{tick.at:.1%}", "text": tick.text, "anchor": tick.anchor}
                for tick in probability_scale.scale_labels(low, high)
            ],
        },
        "zones": ", ".join(sentences.scale_zones(card)),
        "findings": viewer.finding_boxes(opinion.findings, opinion.film.height, opinion.film.width),
        "findings_text": "" if card.findings is None else f"{NO_BOX.capitalize()}.",
        "warning": f"{sentences.verdict_headline(opinion)}. Not a diagnosis." if gate.refusal else "",
        "trust": reliability_line(opinion.verdict, region, card, gate.refusal is not None),
        "next": next_step(opinion.verdict, card.finding, gate.refusal is not None),
        "regions": _region_options(opinion, card),
        "region": region,
        "details": _detail_texts(opinion, region, card),
        "reader": {
            "options": [(mark.value, mark.value.capitalize()) for mark in ReaderMark],
            "mark": (reader.mark.value if reader.mark else ""),
            "comment": reader.comment,
        },
    }


def _detail_texts(opinion: Opinion, region: str, card: ModelCard) -> list[str]:
    file = f"{opinion.film.kind}, {opinion.film.width} × {opinion.film.height} pixels."
    if opinion.gate.refusal:
        return [file]
    texts = [*reliability_details(region, card), findings_meaning(card), file]
    return [text for text in texts if text]


def _region_options(opinion: Opinion, card: ModelCard) -> list[tuple[str, str]] | None:
    """Regions with a test record, and how probable each is; None if the model has none."""
    if not card.test_regions or opinion.gate.refusal:
        return None
    probabilities = dict(opinion.regions)
    return [
        ("", "Unknown"),
        *(
            (
                name,
                f"{name.capitalize()} ({percent_text(probabilities[name])})"
                if name in probabilities
                else name.capitalize(),
            )
            for name in card.test_regions
        ),
    ]

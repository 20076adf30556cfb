"""Sentences about an opinion, the same on the screen and in reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fracture_core.evaluation import Summary
from fracture_core.imaging import Refusal
from fracture_core.registry.card import ModelCard
from fracture_core.vocabulary import Verdict, finding_with_article, verdict_text

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion

#: Replaces the verdict on an image that the quality check rejects.
NO_OPINION = "no opinion on this image"

#: Replaces the verdict on an image whose verdict is withheld.
WITHHELD = {
    Refusal.OUT_OF_SCOPE: "out of scope, no verdict",
    Refusal.POOR_IMAGE: "poor image, verdict withheld",
    Refusal.NOT_A_RADIOGRAPH: "not a radiograph, no verdict",
}

#: The last line of every report.
CLINICIAN_NOTICE = (
    "A computed second opinion, not a diagnosis. A clinician who has seen image and patient decides."
)

#: Replaces the test record of a model without one.
NO_RECORD = "This model has no test record: its accuracy is unknown and its probability is not calibrated."

#: Replaces the test record of a model on an image outside its scope.
NO_RECORD_OUT_OF_SCOPE = (
    "The model was not tested on such images: it is unknown how often this answer is wrong."
)


def percent_text(share: float) -> str:
    """Format a share as a percentage; no value is rounded to 0% or 100%.

    Args:
        share: 0–1.

    Example:
        >>> percent_text(0.423), percent_text(0.999)
        ('42%', 'over 99%')
    """
    return "under 1%" if 0 < share < 0.01 else "over 99%" if 0.99 < share < 1 else f"{share:.0%}"


def threshold_text(share: float) -> str:
    """Format a threshold as a percentage, with one decimal near 0 and 1."""
    return f"{share:.1%}" if 0 < share < 0.01 or 0.99 < share < 1 else f"{share:.0%}"


def verdict_headline(opinion: Opinion) -> str:
    """Return the verdict with a capital letter, and with a warning if it was withheld at first."""
    if opinion.verdict is None:
        refusal = opinion.gate.refusal
        return (NO_OPINION if refusal is None else WITHHELD[refusal]).capitalize()
    text = verdict_text(opinion.verdict, opinion.card.finding).capitalize()
    return text if opinion.gate.refusal is None else f"{text} ({opinion.gate.refusal.value})"


def scale_zones(card: ModelCard) -> list[str]:
    """Describe the zones of the probability scale from low to high; an empty *uncertain* zone is left out."""
    low, high = card.thresholds.low, card.thresholds.high
    text = {verdict: verdict_text(verdict, card.finding) for verdict in Verdict}
    between = [f"between: {text[Verdict.UNCERTAIN]}"] if low < high else []
    return [
        f"below {threshold_text(low)}: {text[Verdict.NOT_SEEN]}",
        *between,
        f"from {threshold_text(high)}: {text[Verdict.SUSPECTED]}",
    ]


def verdict_meaning(opinion: Opinion) -> str:
    """State how often the verdict of an opinion was right on the test images; "" if unknown."""
    return "" if opinion.verdict is None else verdict_meaning_in_tests(opinion.verdict, opinion.card)


def verdict_meaning_in_tests(verdict: Verdict, card: ModelCard) -> str:
    """State how often a verdict of a model was right on its test images; "" if unknown."""
    sentences = []
    if verdict is Verdict.UNCERTAIN:
        sentences.append(
            "Uncertain means that the probability lies between the two thresholds: the model cannot tell, and its "
            "answer should not count either way."
        )
    if "" in card.test_coverage:
        share, fractured = card.test_coverage[""].for_verdict(verdict)
        verdict_name = verdict_text(verdict, card.finding)
        sentences.append(
            f"On {percent_text(share.value)} of {share.n:,} test images the verdict was “{verdict_name}”; "
            f"{percent_text(fractured.value)} of these had {finding_with_article(card.finding)} "
            f"(95% CI {fractured.low:.0%}–{fractured.high:.0%}, n = {fractured.n:,})."
        )
    return " ".join(sentences)


def region_record_text(found: Summary, region: str, card: ModelCard) -> tuple[str, str]:
    """State the test metrics of a model on images of a body region.

    Args:
        found: the metrics.
        region: the body region; "" for all images.
        card: card of the model.

    Returns:
        The beginning of the sentence, to be emphasised, and the rest of it.
    """
    images = f"{region} images" if region else "all images"
    source = card.data.name.split(",")[0] if card.data else "its test set"
    split = (
        "not used in training"
        if card.data and card.data.checked
        else "in a split that was not checked for leaks, or has some"
    )
    return (
        f"Test record on {images}",
        f"of {source}, {split}: sensitivity {found.sensitivity.text()}, specificity {found.specificity.text()} at the "
        f"threshold {threshold_text(found.threshold)}, AUC {found.auc.text()}.",
    )


def recorded_region(opinion: Opinion) -> str:
    """Return the most likely region of the image for which the model has a test record; "" for none."""
    return next((name for name, _ in opinion.regions if name in opinion.card.test_regions), "")


def region_text(opinion: Opinion, chosen: str) -> str:
    """State the body region of the image, and whether the model or the reader chose it.

    Args:
        opinion: the opinion on the image.
        chosen: the region whose test record is shown; "" for none.
    """
    probabilities = dict(opinion.regions)
    if not opinion.regions and not chosen:
        return "unknown; the test record is that of all images"
    predicted = ", ".join(f"{name} ({percent_text(share)})" for name, share in opinion.regions) or "none"
    if chosen in probabilities:
        others = [f"{name} ({percent_text(share)})" for name, share in opinion.regions if name != chosen]
        alternatives = f"; also possible: {', '.join(others)}" if others else ""
        return f"{chosen}, predicted by the model ({percent_text(probabilities[chosen])}){alternatives}"
    if chosen:
        return f"{chosen}, chosen by the reader; predicted by the model: {predicted}"
    return (
        f"no test record for this region, so that of all images is shown; predicted by the model: {predicted}"
    )

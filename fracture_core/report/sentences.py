"""What is said of an opinion in sentences, the same on the screen and on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fracture_core.evaluation import Summary
from fracture_core.registry.card import ModelCard
from fracture_core.vocabulary import Verdict, finding_with_article, verdict_text

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion

#: In place of a verdict on a film that the gate refuses.
NO_OPINION = "no opinion on this image"

#: In place of a verdict on an image outside the scope of the model.
OUT_OF_SCOPE = "out of scope, no verdict"

#: Behind a verdict that was asked for on such an image.
BUT_OUT_OF_SCOPE = "(out of scope)"

#: Who decides.
CLINICIAN_NOTICE = (
    "A computed second opinion and no diagnosis: a clinician who has seen film and patient decides."
)


def percent_text(share: float) -> str:
    """A share as users read it; nothing is rounded to never or always."""
    return "under 1%" if 0 < share < 0.01 else "over 99%" if 0.99 < share < 1 else f"{share:.0%}"


def threshold_text(share: float) -> str:
    """A threshold as users read it; one near 0 or 1 with a decimal more."""
    return f"{share:.1%}" if 0 < share < 0.01 or 0.99 < share < 1 else f"{share:.0%}"


def verdict_headline(opinion: Opinion) -> str:
    """The verdict in words, beginning with a capital; with a warning where the image is out of scope."""
    if opinion.verdict is None:
        return (OUT_OF_SCOPE if opinion.gate.withheld else NO_OPINION).capitalize()
    words = verdict_text(opinion.verdict, opinion.card.finding).capitalize()
    return f"{words} {BUT_OUT_OF_SCOPE}" if opinion.gate.out_of_scope else words


def scale_zones(card: ModelCard) -> list[str]:
    """What each part of the scale of probability means, from low to high; without *uncertain* where it is empty."""
    low, high = card.thresholds.low, card.thresholds.high
    words = {verdict: verdict_text(verdict, card.finding) for verdict in Verdict}
    between = [f"between: {words[Verdict.UNCERTAIN]}"] if low < high else []
    return [
        f"below {threshold_text(low)}: {words[Verdict.NOT_SEEN]}",
        *between,
        f"from {threshold_text(high)}: {words[Verdict.SUSPECTED]}",
    ]


def verdict_meaning(opinion: Opinion) -> str:
    """What this verdict has meant on the test films, so that nobody takes it for more than it is; "" if unknown."""
    return "" if opinion.verdict is None else verdict_meaning_in_tests(opinion.verdict, opinion.card)


def verdict_meaning_in_tests(verdict: Verdict, card: ModelCard) -> str:
    """What a verdict of a model has meant on its test films; "" if unknown."""
    sentences = []
    if verdict is Verdict.UNCERTAIN:
        sentences.append(
            "Uncertain means that the probability lies between the two thresholds: the model cannot tell, and its word "
            "should not count either way."
        )
    if "" in card.test_coverage:
        share, fractured = card.test_coverage[""].for_verdict(verdict)
        sentences.append(
            f"“{verdict_text(verdict, card.finding).capitalize()}” fell on {percent_text(share.value)} of {share.n:,} "
            f"test "
            f"films; {finding_with_article(card.finding)} was there in {percent_text(fractured.value)} of these (95% "
            f"CI "
            f"{fractured.low:.0%}–{fractured.high:.0%}, n = {fractured.n:,})."
        )
    return " ".join(sentences)


def region_record_text(found: Summary, region: str, card: ModelCard) -> tuple[str, str]:
    """How good this model has been on films of a region.

    Args:
        found: what was measured there.
        region: which films; "" for all.
        card: the model's.

    Returns:
        The beginning of the sentence, to be stressed, and the rest of it.
    """
    films = f"{region} films" if region else "films"
    source = card.data.name.split(",")[0] if card.data else "its test set"
    kept = (
        "that it never saw"
        if card.data and card.data.checked
        else "split as given, with leaks or not looked at for them"
    )
    return (
        f"Its record on {films}",
        f"of {source} {kept}: sensitivity {found.sensitivity.text()}, specificity {found.specificity.text()} at the "
        f"threshold {threshold_text(found.threshold)}, AUC {found.auc.text()}.",
    )


NO_RECORD = "This model has no record: nobody has measured it here, and its probability is not calibrated."


#: In place of the record of a model on an image outside its scope.
NO_RECORD_OUT_OF_SCOPE = (
    "The model was not measured on images out of scope: nobody knows how often this answer is wrong."
)


def recorded_region(opinion: Opinion) -> str:
    """The likeliest region of the film that the model has a record on; "" for none."""
    return next((name for name, _ in opinion.regions if name in opinion.card.test_regions), "")


def region_text(opinion: Opinion, chosen: str) -> str:
    """Which region the film shows and who says so.

    Args:
        opinion: on the film.
        chosen: the region that the record is given of; "" for none.
    """
    told = dict(opinion.regions)
    if not opinion.regions and not chosen:
        return "not known; the record is that on all films"
    likeliest = (
        ", ".join(f"{name} ({percent_text(chance)} sure)" for name, chance in opinion.regions) or "none"
    )
    if chosen in told:
        others = [f"{name} ({percent_text(chance)})" for name, chance in opinion.regions if name != chosen]
        also = f"; also possible: {', '.join(others)}" if others else ""
        return f"{chosen}, of which the model is {percent_text(told[chosen])} sure{also}"
    shown = (
        f"{chosen}, as the reader says"
        if chosen
        else "no record on its region; the record is that on all films"
    )
    return f"{shown}; the model takes it for: {likeliest}"

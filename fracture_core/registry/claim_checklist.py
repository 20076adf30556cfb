"""The CLAIM checklist of a model, filled from its card.

Checklist for Artificial Intelligence in Medical Imaging (Mongan, Moy, Kahn 2020, doi:10.1148/ryai.2020200029), items
numbered as there. What a card cannot know says so; nothing is left out.
"""

from typing import Any

from fracture_core.registry.card import ModelCard
from fracture_core.vocabulary import finding_with_article


def claim_checklist(card: ModelCard) -> str:
    """The 42 items as a Markdown table."""
    rows = [f"| {number} | {item} | {answer} |" for number, (item, answer) in enumerate(_items(card), 1)]
    return "\n".join(["| item | what is asked | answer |", "|---|---|---|", *rows])


def _items(card: ModelCard) -> list[tuple[str, str]]:
    training = card.training
    name = card.data.name if card.data else "unknown data"
    counts = card.data.counts if card.data else {}
    total = sum(sum(row) for row in counts.values())
    checked = card.data is not None and card.data.checked
    return [
        ("identified as a study of AI", f"{card.title}; a convolutional network for radiographs"),
        ("structured summary", "this file"),
        ("background, intended role", "second opinion on limb radiographs; see *Intended use*"),
        (
            "objectives and hypotheses",
            f"how well {finding_with_article(card.finding)} is told from its absence; no hypothesis was tested",
        ),
        ("prospective or retrospective", "retrospective"),
        ("study goal", "model creation and test on a held-out part of one data set"),
        ("data sources", name),
        ("eligibility criteria", "all readable films of the set; see its publication"),
        (
            "preprocessing",
            f"grey levels 0–1 by VOI LUT or bit depth, letterboxed to {card.input.height} × {card.input.width}, "
            f"scaling "
            f"*{card.input.scaling}*; one function for training and use",
        ),
        ("data subsets", "none selected"),
        ("data elements", f"label 1 is *{card.finding}*; labels by the folders of the set"),
        ("de-identification", "by the publishers of the set; not checked beyond that"),
        ("missing data", "unreadable files are left out; unknown regions count in no region"),
        ("reference standard", "labels as published with the set"),
        ("rationale for it", "the only labels there are"),
        ("who annotated", "see the publication of the set; unknown here"),
        ("annotation tools", "see the publication of the set; unknown here"),
        (
            "variability of annotators",
            "not published with the labels; contradictory copies are listed by the audit",
        ),
        ("intended sample size", f"all films: {total:,}; no power analysis"),
        ("assignment to partitions", card.data.split_rule if card.data else "unknown"),
        (
            "level of disjointness",
            "groups and copies of a picture, found in any orientation"
            if checked
            else "not kept apart or not checked",
        ),
        (
            "model",
            f"`{card.architecture}`, heatmap at `{card.heatmap_layer}`; `fracture_core/zoo/{card.architecture}.py`",
        ),
        ("software", "TensorFlow, Keras 3, tf-keras-vis; versions in `requirements.txt`"),
        ("initialisation", _start(training)),
        ("training approach", f"`{card.command}`" if card.command else "unknown"),
        ("selection of the final model", "the epoch with the lowest validation loss"),
        ("ensembling", "none"),
        (
            "metrics of performance",
            "AUC, sensitivity, specificity, predictive values, calibration, pointing game",
        ),
        (
            "significance and uncertainty",
            "95% intervals clustered by group (Obuchowski for AUC, Rao–Scott for proportions, bootstrap for the rest)",
        ),
        (
            "robustness, sensitivity analysis",
            "record by region; not by age, sex, device or hospital, which are unknown",
        ),
        (
            "explainability",
            "Grad-CAM, checked against marked fractures" if card.test_pointing else "Grad-CAM",
        ),
        ("external test data", "none"),
        ("flow of cases", _flow(card)),
        ("demographic and clinical characteristics", "not published with the set"),
        (
            "performance on all partitions",
            "validation and test in *Quantitative analyses*; training is not reported",
        ),
        ("diagnostic accuracy and precision", _accuracy(card)),
        (
            "failure analysis",
            "the app's *Failures* page shows every misclassified test film from `predictions.csv`",
        ),
        ("limitations", "see *Caveats and recommendations*"),
        ("implications for practice", "see *Intended use*"),
        ("registration", "none"),
        ("protocol", f"`{card.command}` and `docs/` of the source" if card.command else "unknown"),
        ("funding", "none"),
    ]


def _start(training: dict[str, Any]) -> str:
    if not training:
        return "unknown"
    source = training.get("backbone_weights")
    return (
        f"backbone from `{source}`, the rest at random"
        if source
        else f"at random, seed {training.get('seed', 0)}"
    )


def _flow(card: ModelCard) -> str:
    if card.data is None:
        return "unknown"
    return "; ".join(
        f"{split}: {row[0]:,} without, {row[1]:,} with" for split, row in card.data.counts.items()
    )


def _accuracy(card: ModelCard) -> str:
    if card.test is None:
        return "not measured"
    return (
        f"AUC {card.test.auc.text()}, sensitivity {card.test.sensitivity.text()}, specificity "
        f"{card.test.specificity.text()}"
    )

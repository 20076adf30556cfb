"""A model's card as Markdown, for people who meet the folder before the app.

The outline is that of Model Cards (Mitchell et al. 2019, arXiv:1810.03993); a CLAIM checklist follows.
"""

from collections.abc import Iterable

from fracture_core.evaluation import Interval, Summary, VerdictCoverage
from fracture_core.registry.card import ModelCard
from fracture_core.registry.claim_checklist import claim_checklist
from fracture_core.vocabulary import Verdict, finding_with_article, verdict_text

#: Its name in a model's folder.
README_NAME = "README.md"

_VERDICTS = (Verdict.SUSPECTED, Verdict.UNCERTAIN, Verdict.NOT_SEEN)


def render_readme(card: ModelCard) -> str:
    """The card as Markdown; every figure comes from the card, none is typed."""
    parts = [
        f"# {card.title}",
        f"`{card.id}`. Written from `card.json` beside it; figures are on the test split, 95% confidence intervals "
        "clustered by group, unless said otherwise.",
        "## Model details",
        _list(_details(card)),
        "## Intended use",
        f"A second opinion on a radiograph of a limb for people who read films anyway: it says whether it suspects "
        f"{finding_with_article(card.finding)}, how sure it is, and where it looked. It is research software and no "
        f"medical "
        f"device. It must "
        "not be used to rule out a fracture without a reader, nor on regions, ages or kinds of film that it has not "
        "seen.",
        "## Factors",
        _factors(card),
        "## Metrics",
        f"Sensitivity and specificity at the threshold {card.thresholds.balanced:.3f} (best Youden index on "
        f"validation between the "
        f"two thresholds); AUC; expected calibration error over ten bins. Three verdicts: below "
        f"{card.thresholds.low:.3f} "
        f"“{verdict_text(Verdict.NOT_SEEN, card.finding)}” (validation sensitivity of at least "
        f"{card.thresholds.sensitivity_target:g}), "
        f"from {card.thresholds.high:.3f} “{verdict_text(Verdict.SUSPECTED, card.finding)}” (validation "
        f"specificity of at least "
        f"{card.thresholds.specificity_target:g}), uncertain between them.",
        "## Training and evaluation data",
        _data(card),
        "## Quantitative analyses",
        _figures(card),
        "## Ethical considerations",
        "Who is on the films (age, sex, origin) and where they were taken is not in the data, so whether the model "
        "is as good "
        "for everyone cannot be told. A missed fracture harms, and a false alarm costs a visit: the three verdicts "
        "leave the "
        "choice to the reader.",
        "## Caveats and recommendations",
        _list(card.limits),
        f"To train it again: `{card.command}`" if card.command else "",
        f"To check this copy: `python -m fracture_core models verify {card.id}`",
        "## CLAIM checklist",
        claim_checklist(card),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _details(card: ModelCard) -> list[str]:
    return [
        f"Architecture `{card.architecture}`, input {card.input.height} × {card.input.width} × {card.input.channels}, "
        f"scaling *{card.input.scaling}*; output: probability of {finding_with_article(card.finding)} after Platt "
        f"scaling (slope "
        f"{card.calibration.slope:.3f}, intercept {card.calibration.intercept:.3f}, fitted on validation).",
        f"Created {card.created[:10]}. Weights `{card.weights.file}`, {card.weights.bytes / 1e6:.1f} MB, SHA-256 "
        f"`{card.weights.sha256}`.",
        *(
            [f"Its weights were loaded from `{card.loaded.file}`, SHA-256 `{card.loaded.sha256}`."]
            if card.loaded
            else []
        ),
        *(
            [
                f"Second heads (region, familiarity, radiograph or not) `{card.heads.file}`, SHA-256 "
                f"`{card.heads.sha256}`."
            ]
            if card.heads
            else []
        ),
        f"Heatmap: Grad-CAM at `{card.heatmap_layer}`, of the logit of *{card.finding}*.",
        *(
            [f"Licence: follows its training data, {card.data.licence}; attribution: {card.data.name}."]
            if card.data
            else []
        ),
    ]


def _factors(card: ModelCard) -> str:
    if not card.test_regions:
        return "Its data set names no regions, so none are told apart."
    rows = [["region", "films", "with finding", "AUC", "sensitivity", "specificity"]]
    for name, part in card.test_regions.items():
        rows.append(
            [
                name,
                f"{part.n:,}",
                f"{part.positives:,}",
                *map(_short, (part.auc, part.sensitivity, part.specificity)),
            ]
        )
    return _table(rows)


def _data(card: ModelCard) -> str:
    if card.data is None:
        return "Unknown: these weights were loaded, not trained here."
    counts = [["split", "without", "with"]]
    counts += [[split, f"{row[0]:,}", f"{row[1]:,}"] for split, row in card.data.counts.items()]
    return (
        f"{card.data.name}, {card.data.licence}. Split: {card.data.split_rule}; SHA-256 of the split "
        f"`{card.data.split_hash}`.\n\n"
        f"{_table(counts)}"
    )


def _figures(card: ModelCard) -> str:
    if card.test is None:
        return "No record: nobody has measured these weights."
    parts = [_summaries(card.validation, card.test)]
    if card.test_pointing:
        parts.append(
            f"Pointing game: the heatmap's peak lies in a marked fracture on {_short(card.test_pointing)} of "
            f"{card.test_pointing.n:,} fractured test films."
        )
    if card.test_coverage:
        parts.append(_coverage(card))
    if card.heads_record:
        found = card.heads_record
        region = (
            f"told the region of a film of one region right in {_short(found.region)}" if found.region else ""
        )
        each = ", ".join(f"{name} {_short(value)}" for name, value in found.by_region.items())
        parts.append(
            f"Second heads: {region}{f' ({each})' if each else ''}; let {_short(found.passed)} of the test films "
            f"pass without a "
            f"word and refused {_short(found.refused)}."
        )
    return "\n\n".join(parts)


def _summaries(validation: Summary | None, test: Summary) -> str:
    rows = [["", "validation (thresholds were chosen on it)", "test"]]
    for name, words in (
        ("auc", "AUC"),
        ("sensitivity", "sensitivity"),
        ("specificity", "specificity"),
        ("precision", "positive predictive value"),
        ("npv", "negative predictive value"),
        ("accuracy", "accuracy"),
    ):
        rows.append([words, *(_short(getattr(part, name)) if part else "" for part in (validation, test))])
    rows.append(
        ["expected calibration error", *(f"{part.ece:.3f}" if part else "" for part in (validation, test))]
    )
    rows.append(
        ["films, groups", *(f"{part.n:,}, {part.groups:,}" if part else "" for part in (validation, test))]
    )
    return _table(rows)


def _coverage(card: ModelCard) -> str:
    """How often each verdict falls, and how often it is wrong."""
    rows = [
        ["films", *(f"{verdict_text(verdict, card.finding)}: share; with finding" for verdict in _VERDICTS)]
    ]
    for name, found in card.test_coverage.items():
        rows.append([name or "all", *(_verdict(found, verdict) for verdict in _VERDICTS)])
    return _table(rows)


def _verdict(found: VerdictCoverage, verdict: Verdict) -> str:
    share, fractured = found.for_verdict(verdict)
    return f"{_short(share)}; {_short(fractured)}"


def _short(found: Interval) -> str:
    return found.text().replace("95% CI ", "").split(", n =")[0] + (")" if found.is_measured else "")


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(rows: list[list[str]]) -> str:
    head, *body = ("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join([head, "|" + "---|" * len(rows[0]), *body])

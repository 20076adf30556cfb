"""An evaluation as a self-contained HTML page."""

import base64
from collections.abc import Mapping

from jinja2 import Environment, PackageLoader, StrictUndefined

from fracture_core.evaluation import VERDICTS, SubgroupAnalysis, subgroup_sentences
from fracture_core.evaluation.metrics import METRIC_TITLES
from fracture_core.evaluation.subgroup_sentences import difference_text, method_text
from fracture_core.inference.evaluate import Evaluation
from fracture_core.vocabulary import finding_with_article, rephrase_for_finding, verdict_text


def evaluation_to_html(
    evaluation: Evaluation, subgroups: SubgroupAnalysis, plots: Mapping[str, bytes]
) -> str:
    """Render an evaluation as HTML.

    Args:
        evaluation: Results of the evaluation.
        subgroups: Results by subgroup.
        plots: PNG images by their alternative text.

    Returns:
        The page.
    """
    environment = Environment(
        loader=PackageLoader("fracture_core.inference", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    verdicts = [
        (
            verdict_text(verdict, evaluation.finding),
            evaluation.states.count(verdict, 1),
            evaluation.states.count(verdict, 0),
        )
        for verdict in VERDICTS
    ]
    coverage = [
        (
            region or "all images",
            verdict_text(verdict, evaluation.finding),
            *(proportion.text() for proportion in verdict_coverage.for_verdict(verdict)),
        )
        for region, verdict_coverage in evaluation.coverage.items()
        for verdict in VERDICTS
    ]
    measures = [(title, getattr(evaluation.summary, name).text()) for name, title in METRIC_TITLES.items()]
    rows = [
        (
            rephrase_for_finding(subgroup.title, evaluation.finding),
            difference_text(subgroup),
            subgroup.summary.n,
            subgroup.summary.sensitivity.text(),
            subgroup.summary.specificity.text(),
            subgroup.summary.auc.text(),
        )
        for subgroup in (*subgroups.single, *subgroups.pairs)
    ]
    return environment.get_template("evaluation.html").render(
        evaluation=evaluation,
        a_finding=finding_with_article(evaluation.finding),
        measures=[*measures, ("ECE", f"{evaluation.summary.ece:.3f}")],
        verdicts=verdicts,
        coverage=coverage,
        plots=[
            (title, f"data:image/png;base64,{base64.b64encode(png).decode()}") for title, png in plots.items()
        ],
        sentences=[
            rephrase_for_finding(sentence, evaluation.finding) for sentence in subgroup_sentences(subgroups)
        ],
        subgroups=rows,
        method=rephrase_for_finding(method_text(subgroups), evaluation.finding),
    )

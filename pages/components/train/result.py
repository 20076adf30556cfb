"""A finished run: its test metrics, and putting its model in use."""

import streamlit as st

from fracture_core.evaluation import Summary
from fracture_core.registry.card import ModelCard
from fracture_core.registry.release_checks import CHANCE
from fracture_core.registry.store import CARD_NAME
from fracture_core.runs.run import Run
from fracture_core.vocabulary import finding_with_article, label_text
from pages.components.train import release

_TABLE = """<style>
.counts {{ border-collapse: collapse; margin: 0.4rem 0 0.2rem 0; font-size: 0.9rem; }}
.counts th {{ font-weight: 400; color: #98A3AF; text-align: left; padding: 0.3rem 0.9rem 0.3rem 0; }}
.counts td {{ text-align: right; padding: 0.3rem 0.9rem; border: 1px solid #262C34; min-width: 5.5rem; }}
</style><table class="counts">
<tr><td style="border:0"></td><th scope="col">flagged</th><th scope="col">not flagged</th></tr>
<tr><th scope="row">{has}</th><td>{tp:,}</td><td>{fn:,}</td></tr>
<tr><th scope="row">{lacks}</th><td>{fp:,}</td><td>{tn:,}</td></tr>
</table>"""


def show(run: Run) -> None:
    """Draw the test metrics of a finished run, and the button that puts its model in use."""
    if run.config().folds:
        st.caption("A fold of a cross-validation. Its predictions are in its folder; it has no model to use.")
        return
    card = ModelCard.load(run.result / CARD_NAME)
    if card.test is not None:
        show_record(card.test, card.finding)
    release.show(card, run)


def show_record(test: Summary, finding: str) -> None:
    """Draw test metrics and a confusion table."""
    left, right = st.columns([3, 2])
    left.markdown(
        f"**On the test split**:  \n"
        f"AUC {test.auc.text()}  \n"
        f"Sensitivity {test.sensitivity.text()}  \n"
        f"Specificity {test.specificity.text()}"
    )
    counts = test.confusion
    has, lacks = label_text(1, finding), label_text(0, finding)
    right.html(_TABLE.format(has=has, lacks=lacks, tp=counts.tp, fn=counts.fn, fp=counts.fp, tn=counts.tn))
    st.caption(
        f"{counts.fn:,} of {counts.positives:,} images with {finding_with_article(finding)} were missed; "
        f"{counts.fp:,} of {counts.negatives:,} without were flagged. Threshold "
        f"{test.threshold:.2f}, chosen on the validation split."
    )
    if not test.auc.low > CHANCE:
        st.warning(f"The AUC interval includes {CHANCE} (chance), so the model may be of no use.")

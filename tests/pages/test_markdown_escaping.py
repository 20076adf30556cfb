"""Text that is not ours, such as file names, errors and text of model cards, is never rendered as Markdown."""

from pathlib import Path

import pytest
from markdown_calls import find_unescaped_texts

from pages.components.common.layout import escape_markdown

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]

#: Texts that need no escaping, because this program wrote them or escaped what others wrote. A new one is either
#: passed through `escape_markdown` or, after a review, added here.
REVIEWED = set(
    """
    HEATMAP_METHODS[name].title
    RESULT_COLUMNS[column]
    _ahead()
    _describe(architecture, config, speed, dataset)
    _describe(row, folder is not None, state)
    _findings_title(report)
    _location_text(name, agreement)
    _names(files)
    _names(images.apart)
    _names(images.unidentified)
    _names(images.waiting)
    _record(index, card)
    _sentence(title, regions)
    _start_words(images)
    _strength_text(opinion, method, label, heat)
    _summary(job.changed_at, state)
    _title(path)
    _viewer_note(opinion)
    _words(image, card)
    agreement_text(agreement)
    ahead
    architecture.backbone
    architecture.input.width
    architecture.source
    architecture.title
    architecture.weights_package
    at
    auc
    best['epoch']
    card.finding
    cell_text(words, count, of)
    config.batch
    config.epochs
    config.search_trials
    contents
    count
    count_images(leaks)
    current
    data
    done
    ending
    entry.labelled_unit
    epochs[-1]['epoch']
    finding
    finding_text(number, finding)
    finding_with_article(card.finding)
    finding_with_article(finding)
    folder
    group.capitalize()
    label
    label_text(neighbours[0].label, card.finding)
    layouts
    len(lesson.entries) != 1
    lines
    mark
    mark.value
    max(work.every, 1)
    max(work.total, 1)
    meaning
    meant
    message
    method
    min((page + 1) * _SHOWN, len(images))
    min(share, 1.0)
    missing
    missing > 1
    model_banner.sample_caption(resources.card_in_use())
    name
    name.capitalize()
    name.upper()
    number
    opinion.film.height
    opinion.film.kind
    opinion.film.width
    option.label
    page
    pages
    parameter_count_text(architecture.parameters)
    percent_text(record.refused.value)
    pluralise(leaks, 'is', 'are')
    presentation.privacy_notice
    queue
    reason
    record.card.finding
    rephrase_for_finding(trusted, finding)
    rephrase_for_finding(f'{text}A box is right if its centre lies in an annotated fracture.', finding)
    rephrase_for_finding(f'{text}a dataset with annotated fractures.', finding)
    rephrase_for_finding(f'{method.title}: {method.shows} {method.trust} {_pointing(opinion, method)}', finding)
    report.data
    report.protocol
    report.row
    report.source
    report.title
    result.data
    result.groups
    row.name
    row.page
    row.title
    row.words
    share
    start
    suffix.upper()
    test.auc.text()
    test.sensitivity.text()
    test.specificity.text()
    title
    total
    url
    usual.batch
    usual.epochs
    usual.patience
    waits
    when
    which
    with_finding
    words
    work.done
    """.strip().split("\n    ")
)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_pages_escape_what_others_wrote(source):
    assert find_unescaped_texts(source.read_text("utf-8")) <= REVIEWED


@pytest.mark.parametrize(
    "call",
    [
        "st.error(str(error))",
        "st.error(error)",
        "st.warning(f'No heatmap: {error}')",
        "left.caption(state.message)",
        "st.button(case.id, help='ours')",
        "st.checkbox('ours', help=card.title)",
        "st.markdown('- ' + '\\n'.join(f'{limit}' for limit in card.limits))",
    ],
)
def test_rule_finds(call):
    assert find_unescaped_texts(call) - REVIEWED


def test_rule_allows_numbers_and_escaped_text():
    source = "st.error(f'{layout.escape_markdown(name)}: {share:.1%} of {len(images)} in {HELP}')"
    assert find_unescaped_texts(source) == set()


@pytest.mark.parametrize(
    "text",
    [
        "![x](http://example.org/a.png)",
        "<img src=http://example.org/a.png>",
        "[a](http://example.org)",
        "http://example.org/a.png",
        ":material/delete: :red[a] $x$ `b` **c** ~~d~~ | e",
        "1. a\n# b\n> c\n- d",
    ],
)
def test_every_character_with_a_meaning_in_markdown_is_escaped(text):
    escaped = escape_markdown(text)
    assert escaped.replace("\\", "") == " ".join(text.split("\n"))
    unescaped = [
        c for before, c in zip(" " + escaped, escaped, strict=False) if before != "\\" and c in "!<[:$`*~|#>-"
    ]
    assert unescaped == []

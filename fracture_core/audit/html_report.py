"""An audit as HTML: one page that needs nothing beside it, and the pieces it is made of."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from fracture_core.audit.thumbnail import thumbnail_data_uri
from fracture_core.audit.wording import SPLIT_TITLES

#: Style of the pieces; they belong into an element of the class “audit”.
STYLESHEET = Path(__file__).parent / "templates" / "parts.css"

#: Groups of copies in the report, and films shown of one group.
_GROUPS, _MEMBERS = 24, 8

# Findings on single files whose films are worth a look.
_LOOK = ("truncated", "not_radiographs", "unusual", "table_differs")

#: Gives a film as a data URI, "" where it cannot be read.
Thumbnail = Callable[[Path], str]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("fracture_core.audit", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = "{:,}".format
    return environment


def render_fragment(name: str, *arguments: Any) -> str:
    """One piece of the report for another page.

    Args:
        name: a macro of templates/parts.html, such as "finding_list".
        *arguments: what it takes.
    """
    macro = getattr(_environment().get_template("parts.html").module, name)
    return f'<div class="audit">{macro(*arguments)}</div>'


def to_html(report: dict[str, Any]) -> str:
    """The audit as a self-contained HTML page, thumbnails included.

    Args:
        report: `Audit.to_json`, with the comparison under "mended" where there is one. The films are read
            again for their thumbnails; one that is gone has none.
    """
    shown = [
        {
            "title": title,
            "count": len(groups),
            "groups": [duplicate_group_view(rows, report, thumbnail_data_uri) for rows in groups[:_GROUPS]],
        }
        for title, groups in duplicate_sections(report).items()
    ]
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            sections=shown,
            parts=SPLIT_TITLES,
            mended=report.get("mended"),
            changes=size_changes(report),
            files=file_sections(report, thumbnail_data_uri),
        )
    )


def size_changes(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Sizes of each part before and after mending, as pairs; before is None for a part that is new.

    Empty where there is no mended split.
    """
    # A set without splits has one size, of the whole.
    before = {size["split"] or "all": size for size in report["sizes"]}
    if len(before) == 1:
        before["all"] = next(iter(before.values()))
    counts = ("files", "originals", "groups", "positive_originals")
    return [
        {"split": after["split"]}
        | {name: (before.get(after["split"], {}).get(name), after[name]) for name in counts}
        for after in report.get("mended", {}).get("sizes", [])
    ]


def duplicate_sections(report: dict[str, Any]) -> dict[str, list[list[dict[str, Any]]]]:
    """Groups of copies by what is wrong with them, the gravest first; kinds without a group are left out."""
    found: dict[str, list[list[dict[str, Any]]]] = {
        "Pictures under both labels": [],
        "Pictures on two sides of a split": [],
        "Other copies": [],
    }
    both, across, rest = found.values()
    for rows in report["clusters"]:
        if len({film["label"] for film in rows}) > 1:
            both.append(rows)
        elif len({film["split"] for film in rows}) > 1:
            across.append(rows)
        else:
            rest.append(rows)
    return {title: groups for title, groups in found.items() if groups}


def duplicate_group_view(
    rows: Sequence[dict[str, Any]], report: dict[str, Any], thumbnail: Thumbnail
) -> dict[str, Any]:
    """A group of copies with thumbnails of a few films that show how it differs: each part, label, other bytes."""
    seen: set[tuple] = set()
    first = []
    for film in rows:
        key = (film["split"], film["label"], film["same_bytes"])
        if key not in seen:
            seen.add(key)
            first.append(film)
    root = Path(report["root"])
    chosen = (first + [film for film in rows if film not in first])[:_MEMBERS]
    return {
        "size": len(rows),
        "films": [{**film, "thumbnail": thumbnail(root / film["path"])} for film in chosen],
    }


def file_sections(report: dict[str, Any], thumbnail: Thumbnail) -> list[dict[str, Any]]:
    """Findings on single files, with the first of their films."""
    root = Path(report["root"])
    return [
        {
            "sentence": finding["sentence"],
            "films": [
                {"id": name, "split": "", "thumbnail": thumbnail(root / report["paths"][name])}
                for name in finding["ids"][:_MEMBERS]
                if name in report["paths"]
            ],
        }
        for finding in report["findings"]
        if finding["kind"] in _LOOK
    ]

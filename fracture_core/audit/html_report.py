"""HTML report of an audit: a self-contained page, and fragments of it for the app."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from fracture_core.audit.wording import SPLIT_TITLES
from fracture_core.imaging.thumbnail import thumbnail_data_uri

#: Stylesheet of the fragments. It applies inside an element of class "audit".
STYLESHEET = Path(__file__).parent / "templates" / "parts.css"

# Duplicate groups per section of the report, and images shown per group.
_MAX_GROUPS, _MAX_MEMBERS = 24, 8

# Kinds of findings on single files that are shown with thumbnails.
_WITH_THUMBNAILS = ("truncated", "not_radiographs", "unusual", "table_differs")

#: Returns the thumbnail of an image file as a data URI, or "" if it cannot be read.
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
    """Render one fragment of the report for another page.

    Args:
        name: a macro in templates/parts.html, such as "finding_list".
        *arguments: arguments of the macro.

    Returns:
        HTML in a div of class "audit".
    """
    macro = getattr(_environment().get_template("parts.html").module, name)
    return f'<div class="audit">{macro(*arguments)}</div>'


def to_html(report: dict[str, Any]) -> str:
    """Render an audit as a self-contained HTML page with thumbnails.

    Args:
        report: `Audit.to_json`, optionally with the comparison with the clean split under "mended". The
            images are read again for their thumbnails; a missing file has none.

    Returns:
        The page.
    """
    sections = [
        {
            "title": title,
            "count": len(groups),
            "groups": [
                duplicate_group_view(group, report, thumbnail_data_uri) for group in groups[:_MAX_GROUPS]
            ],
        }
        for title, groups in duplicate_sections(report).items()
    ]
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            sections=sections,
            splits=SPLIT_TITLES,
            clean=report.get("mended"),
            changes=size_changes(report),
            totals=_totals(report),
            files=file_sections(report, thumbnail_data_uri),
        )
    )


def _totals(report: dict[str, Any]) -> list[tuple[str, int]]:
    """Return the numbers at the top of the report, with their titles."""
    total = report["sizes"][-1]
    return [
        ("Files", total["files"]),
        ("Unique images", total["originals"]),
        ("Leaked files", sum(f["count"] for f in report["findings"] if f["kind"].endswith("_leak"))),
        ("Unreadable files", total["unreadable"]),
    ]


def size_changes(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Pair the sizes of each split as distributed with those of the clean split.

    Args:
        report: `Audit.to_json`, optionally with the comparison with the clean split under "mended".

    Returns:
        For each split its name and (before, after) per count; before is None for a new split. Empty if there
        is no clean split.
    """
    # An unsplit dataset has one size, that of the whole dataset.
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
    """Sort the duplicate groups of a report into sections, most severe problem first.

    Returns:
        Groups by section title; sections without a group are left out.
    """
    sections: dict[str, list[list[dict[str, Any]]]] = {
        "Images with both labels": [],
        "Images in more than one split": [],
        "Other duplicates": [],
    }
    both_labels, several_splits, others = sections.values()
    for group in report["clusters"]:
        if len({image["label"] for image in group}) > 1:
            both_labels.append(group)
        elif len({image["split"] for image in group}) > 1:
            several_splits.append(group)
        else:
            others.append(group)
    return {title: groups for title, groups in sections.items() if groups}


def duplicate_group_view(
    group: Sequence[dict[str, Any]], report: dict[str, Any], thumbnail: Thumbnail
) -> dict[str, Any]:
    """Select the images of a duplicate group to show, with thumbnails.

    One image of each split, label and file content comes first, so that the differences are visible.

    Args:
        group: one of the groups in `report["clusters"]`.
        report: `Audit.to_json`.
        thumbnail: returns the thumbnail of a file.

    Returns:
        The size of the group, and the images to show.
    """
    seen: set[tuple[str, int, bool]] = set()
    distinct = []
    for image in group:
        key = (image["split"], image["label"], image["same_bytes"])
        if key not in seen:
            seen.add(key)
            distinct.append(image)
    root = Path(report["root"])
    shown = (distinct + [image for image in group if image not in distinct])[:_MAX_MEMBERS]
    return {
        "size": len(group),
        "films": [{**image, "thumbnail": thumbnail(root / image["path"])} for image in shown],
    }


def file_sections(report: dict[str, Any], thumbnail: Thumbnail) -> list[dict[str, Any]]:
    """Return the findings on single files, with thumbnails of the first files."""
    root = Path(report["root"])
    return [
        {
            "sentence": finding["sentence"],
            "films": [
                {"id": name, "split": "", "thumbnail": thumbnail(root / report["paths"][name])}
                for name in finding["ids"][:_MAX_MEMBERS]
                if name in report["paths"]
            ],
        }
        for finding in report["findings"]
        if finding["kind"] in _WITH_THUMBNAILS
    ]

"""An audit as one page that needs nothing beside it."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from fracture_core.data.audit.thumbnail import data_uri
from fracture_core.data.audit.wording import PARTS

#: Groups of copies shown with pictures, and pictures of one group.
_GROUPS, _MEMBERS = 24, 8


def to_html(report: dict[str, Any]) -> str:
    """The audit as a self-contained HTML page, thumbnails included.

    Args:
        report: `Audit.to_json`, with the comparison under "mended" where there is one. The films are read
            again for their thumbnails; one that is gone has none.
    """
    root = Path(report["root"])
    contradictory = [rows for rows in report["clusters"] if len({film["label"] for film in rows}) > 1]
    across = [
        rows
        for rows in report["clusters"]
        if len({film["split"] for film in rows}) > 1 and rows not in contradictory[:_GROUPS]
    ]
    rest = [rows for rows in report["clusters"] if rows not in contradictory and rows not in across[:_GROUPS]]
    shown = {
        "Pictures under both labels": contradictory,
        "Pictures on two sides of a split": across,
        "Other copies": rest,
    }
    sections = [
        {
            "title": title,
            "count": len(groups),
            "groups": [
                {"size": len(rows), "films": [_film(film, root) for film in _varied(rows)]}
                for rows in groups[:_GROUPS]
            ],
        }
        for title, groups in shown.items()
        if groups
    ]
    environment = Environment(
        loader=PackageLoader("fracture_core.data.audit", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        report=report, sections=sections, parts=PARTS, mended=report.get("mended"), files=_files(report, root)
    )


def _film(film: dict[str, Any], root: Path) -> dict[str, Any]:
    return {**film, "thumbnail": data_uri(root / film["path"])}


def _varied(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A few films of a group that show how it differs: every split, every label, other bytes."""
    seen: set[tuple] = set()
    first = []
    for film in rows:
        key = (film["split"], film["label"], film["same_bytes"])
        if key not in seen:
            seen.add(key)
            first.append(film)
    return (first + [film for film in rows if film not in first])[:_MEMBERS]


def _files(report: dict[str, Any], root: Path) -> list[dict[str, Any]]:
    """Films behind findings on single files, with thumbnails."""
    kinds = ("truncated", "not_radiographs", "unusual", "table_differs")
    return [
        {
            "sentence": finding["sentence"],
            "films": [
                {"id": name, "split": "", "thumbnail": data_uri(root / report["paths"][name])}
                for name in finding["ids"][:_MEMBERS]
                if name in report["paths"]
            ],
        }
        for finding in report["findings"]
        if finding["kind"] in kinds
    ]

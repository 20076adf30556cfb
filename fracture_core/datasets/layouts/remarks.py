"""How layouts word what is odd about a data set."""

from collections.abc import Iterable

from fracture_core.datasets.catalogue import DatasetRemark

# How many names a sentence shows.
_SHOWN = 3


def make_remark(kind: str, ids: Iterable[str], one: str, many: str) -> tuple[DatasetRemark, ...]:
    """A remark on some films; none where there are no such films.

    Args:
        kind: its short name.
        ids: what it is about.
        one: the sentence for a single film; `{names}` stands for its name.
        many: the sentence for several; `{n}` stands for how many, `{names}` for the first of them.
    """
    found = tuple(sorted(set(ids)))
    if not found:
        return ()
    names = ", ".join(found[:_SHOWN])
    if len(found) > _SHOWN:
        names += f" and {len(found) - _SHOWN:,} more"
    sentence = (one if len(found) == 1 else many).format(n=f"{len(found):,}", names=names)
    return (DatasetRemark(kind, found, sentence),)

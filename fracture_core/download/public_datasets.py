"""Public datasets that can be downloaded by name."""

from dataclasses import dataclass

from fracture_core.datasets.layouts import find_layout
from fracture_core.download.figshare import FigshareHost
from fracture_core.download.kaggle import KaggleHost
from fracture_core.download.listing import DatasetHost
from fracture_core.errors import DataError
from fracture_core.io.file_size import format_file_size

_CC_BY = "https://creativecommons.org/licenses/by/4.0/"
_NOT_STATED = "not stated here; read the dataset's page before use"
_FRACATLAS = find_layout("fracatlas")


@dataclass(frozen=True)
class PublicDataset:
    """A public dataset.

    Attributes:
        name: identifier on the command line.
        title: title of the dataset.
        words: description of its content.
        size: approximate download size in bytes; None if only the host knows it.
        licence: name of the licence.
        licence_url: URL of the licence text; "" if there is none.
        citation: how to cite it.
        page: URL of its web page.
        counts: published number of radiographs by split; the split is "" for an unsplit dataset.
        source: the host to download from; None if the user must register.
    """

    name: str
    title: str
    words: str
    size: int | None
    licence: str
    licence_url: str
    citation: str
    page: str
    counts: dict[str, int]
    source: DatasetHost | None

    @property
    def size_text(self) -> str:
        """Download size as text."""
        return f"about {format_file_size(self.size)}" if self.size else "size unknown"


#: All datasets. Sizes and counts are as published; downloads are compared with them.
PUBLIC_DATASETS: tuple[PublicDataset, ...] = (
    PublicDataset(
        name="fracatlas",
        title="FracAtlas",
        words="4,083 radiographs of hand, leg, hip and shoulder, 717 of them with a fracture, with boxes and masks",
        size=338_000_000,
        licence=_FRACATLAS.licence,
        licence_url=_CC_BY,
        citation=_FRACATLAS.citation,
        page="https://doi.org/10.6084/m9.figshare.22363012",
        counts={"": 4_083},
        source=FigshareHost(22363012),
    ),
    PublicDataset(
        name="grazpedwri",
        title="GRAZPEDWRI-DX",
        words="20,327 radiographs of children's wrists with boxes",
        size=16_200_000_000,
        licence="CC BY 4.0",
        licence_url=_CC_BY,
        citation="GRAZPEDWRI-DX, Nagy et al. 2022, doi:10.1038/s41597-022-01328-z",
        page="https://doi.org/10.6084/m9.figshare.14825193",
        counts={"": 20_327},
        source=FigshareHost(14825193),
    ),
    PublicDataset(
        name="multiregion",
        title="Bone Fracture Multi-Region X-ray Data",
        words="10,580 files of many regions; most are rotated copies, and most test files are also in train",
        size=None,
        licence=_NOT_STATED,
        licence_url="",
        citation="Bone Fracture Multi-Region X-ray Data, bmadushanirodrigo, Kaggle",
        page="https://www.kaggle.com/datasets/bmadushanirodrigo/fracture-multi-region-x-ray-data",
        counts={"train": 9_246, "val": 828, "test": 506},
        source=KaggleHost("bmadushanirodrigo/fracture-multi-region-x-ray-data"),
    ),
    PublicDataset(
        name="devbatrax",
        title="Fracture detection using x-ray images",
        words="9,463 files, rotated copies of 191 originals",
        size=None,
        licence=_NOT_STATED,
        licence_url="",
        citation="Fracture detection using x-ray images, devbatrax, Kaggle",
        page="https://www.kaggle.com/datasets/devbatrax/fracture-detection-using-x-ray-images",
        counts={"train": 8_863, "val": 600},
        source=KaggleHost("devbatrax/fracture-detection-using-x-ray-images"),
    ),
    PublicDataset(
        name="mura",
        title="MURA",
        words="40,561 radiographs of the upper limb, normal or abnormal",
        size=None,
        licence="Stanford University research use agreement, signed on registration",
        licence_url="",
        citation="MURA, Rajpurkar et al. 2017, arXiv:1712.06957",
        page="https://stanfordmlgroup.github.io/competitions/mura",
        counts={},
        source=None,
    ),
)


def public_dataset(name: str) -> PublicDataset:
    """Return a public dataset by name.

    Args:
        name: its identifier.

    Raises:
        DataError: There is no dataset with this name.

    Example:
        >>> public_dataset("fracatlas").title
        'FracAtlas'
    """
    for dataset in PUBLIC_DATASETS:
        if dataset.name == name:
            return dataset
    names = ", ".join(dataset.name for dataset in PUBLIC_DATASETS)
    raise DataError(f"There is no public dataset {name!r}. Choose one of: {names}.")

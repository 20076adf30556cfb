"""Download of public datasets by name: listing, transfer, verification and unpacking."""

from fracture_core.download.download import DownloadedDataset, download_dataset
from fracture_core.download.licence_files import licence_text
from fracture_core.download.public_datasets import PUBLIC_DATASETS, PublicDataset, public_dataset

__all__ = [
    "PUBLIC_DATASETS",
    "DownloadedDataset",
    "PublicDataset",
    "download_dataset",
    "licence_text",
    "public_dataset",
]

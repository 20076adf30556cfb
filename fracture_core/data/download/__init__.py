"""Public data sets, fetched by name: listed, transferred, verified, unpacked. No Streamlit, no TensorFlow."""

from fracture_core.data.download.get import Downloaded, download
from fracture_core.data.download.papers import terms
from fracture_core.data.download.sets import SETS, PublicSet, public_set

__all__ = ["SETS", "Downloaded", "PublicSet", "download", "public_set", "terms"]

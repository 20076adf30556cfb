"""Who makes the DICOM results (General Equipment, PS3.3 C.7.5.1)."""

from typing import Any

from fracture_core import __version__

MANUFACTURER = "Second Look"

#: For the constructors of highdicom.
EQUIPMENT_ATTRIBUTES: dict[str, Any] = {
    "manufacturer_model_name": "Second Look",
    "software_versions": __version__,
}

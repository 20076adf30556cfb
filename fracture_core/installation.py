"""What this installation can do: requirements-reader.txt leaves out TensorFlow and the packages for datasets.

Such an installation reads images. Training, and heatmap methods that are not part of an exported network, need the
packages of requirements.txt.
"""

import importlib.util
from functools import cache

from fracture_core.errors import SecondLookError

#: Importable packages that requirements-reader.txt leaves out.
OPTIONAL_PACKAGES = frozenset({"tensorflow", "keras", "tf_keras_vis", "h5py", "cleanlab", "kagglehub"})

_INSTALL = "pip install -r requirements.txt"


class MissingPackageError(SecondLookError):
    """Something was called that needs a package which this installation leaves out.

    Args:
        package: name of the package.
    """

    def __init__(self, package: str):
        super().__init__(f"This needs {package}, which is not installed here: run {_INSTALL}.")
        self.package = package

    def __reduce__(self) -> tuple[type["MissingPackageError"], tuple[str]]:
        # Raised in the background process, too; the default would pass on the message as the name of the package.
        return type(self), (self.package,)


@cache
def has_tensorflow() -> bool:
    """Return whether TensorFlow is installed. It is not imported."""
    return importlib.util.find_spec("tensorflow") is not None


def missing_package(error: BaseException) -> MissingPackageError | None:
    """Return the error to show instead of an import error, if its package may be left out.

    Args:
        error: any exception.

    Returns:
        The error for the user; None if the exception has another cause.

    Example:
        >>> str(missing_package(ModuleNotFoundError("No module named 'keras'", name="keras")))
        'This needs keras, which is not installed here: run pip install -r requirements.txt.'
        >>> missing_package(ModuleNotFoundError("No module named 'nothing'", name="nothing")) is None
        True
    """
    if not isinstance(error, ModuleNotFoundError):
        return None
    package = (error.name or "").split(".")[0]
    return MissingPackageError(package) if package in OPTIONAL_PACKAGES else None

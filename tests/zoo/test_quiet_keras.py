"""Fast import of Keras."""

import subprocess
import sys

_PROGRAM = """
import sys
from fracture_core.zoo.quiet_keras import load_keras
load_keras()
print(sorted({"matplotlib", "pandas", "sklearn"} & set(sys.modules)))
import matplotlib.pyplot, pandas, sklearn.metrics
load_keras()
print("keras" in sys.modules, pandas.DataFrame({"a": [1]}).shape)
"""


def test_packages_that_keras_does_not_need_are_imported_later():
    run = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["[]", "True (1, 1)"]
    assert run.stderr == ""

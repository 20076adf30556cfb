"""The core of Second Look: radiograph in, second opinion out. Knows nothing of Streamlit.

Importing this package does not import TensorFlow; `fracture_core.inference.predictor` and the packages it
stands on do.
"""

__version__ = "0.1.0"

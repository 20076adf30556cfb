"""The core of Second Look: second opinions on bone radiographs, without any user interface.

Importing this package does not import TensorFlow or Streamlit.
"""

__version__ = "0.1.0"

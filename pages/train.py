"""Second opinion: films in; verdict, probability and where the model looked out."""

import streamlit as st

from pages.parts import layout

layout.title("Second opinion", "x")

"""Widgets of the page Data audit."""

"""Widgets of the Second opinion page."""

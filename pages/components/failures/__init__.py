"""Widgets of the page Failures."""

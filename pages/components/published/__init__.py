"""Widgets of the page Published systems."""

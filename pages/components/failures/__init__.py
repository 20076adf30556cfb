"""Widgets of the Failures page."""

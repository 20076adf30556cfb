"""Widgets of the page Teaching."""

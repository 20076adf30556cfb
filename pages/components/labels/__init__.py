"""Widgets of the page Labels."""

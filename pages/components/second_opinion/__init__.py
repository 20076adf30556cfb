"""Widgets of the page Second opinion."""

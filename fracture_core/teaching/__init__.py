"""Lessons: model errors selected for teaching, presented in the app and exported as HTML or PDF."""

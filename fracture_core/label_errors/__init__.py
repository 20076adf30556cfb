"""Suspected label errors: films whose label disagrees with what the other films say of them."""

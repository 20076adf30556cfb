"""Command-line interface. Each command is a module whose function `add_parser` defines its arguments."""

"""Command-line interface. Each command is one module with a function `add(commands)` that defines its arguments."""

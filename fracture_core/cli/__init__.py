"""The command line, one file a command. Each has `add(subparsers)` and a function that runs it."""

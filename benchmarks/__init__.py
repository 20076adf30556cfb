"""What is measured, one command a file; results stand in docs/benchmarks.md."""

"""Benchmarks, one command per file. Results are in docs/benchmarks.md."""

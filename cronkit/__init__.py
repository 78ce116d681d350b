"""Run Python functions on time."""

"""One outside system a file; each needs its package, and only cronkit's public names."""

__all__: list[str] = []

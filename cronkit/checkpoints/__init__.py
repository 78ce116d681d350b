"""Checkpoints: long work that goes on where it stopped."""

"""Files that survive a crash: durable writes, kernel locks, frames, retention.

Private to the package; stores, checkpoints and exporters stand on it. It knows none of them.
"""

"""The private objects that a `Scheduler` holds and delegates to."""

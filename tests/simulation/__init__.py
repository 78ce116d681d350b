"""Three schedulers on one store in a world of chance, every step of it decided by a seed.

Planner, timers, run state machine, leases and store are the real ones; only time, the lengths of
runs, their failures, crashes and the wall clock are made up. Run from the checkout:
``python -m tests.simulation 0 1000`` for the seeds from 0 up to 1000.
"""

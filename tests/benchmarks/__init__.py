"""cronkit beside its peers: ratios from one run, interleaved, medians.

Run from the checkout: ``python -m tests.benchmarks cron`` or ``scheduler``.
"""

"""The private machinery: planner, timers, attempts, hooks, loop."""

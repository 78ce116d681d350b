"""Checked, never run: an error is caught under its own name and under the builtin's."""

from datetime import datetime
from typing import assert_type

from cronkit.errors import (
    AlreadyRunningError,
    ConfigError,
    CronkitError,
    CronSyntaxError,
    JobNotFoundError,
    RunTimeoutError,
)


def facts_are_typed(
    error: CronSyntaxError, config: ConfigError, running: AlreadyRunningError
) -> None:
    assert_type(error.span, tuple[int, int] | None)
    assert_type(error.hint, str | None)
    assert_type(config.problems, tuple[str, ...])
    assert_type(running.pid, int | None)
    assert_type(running.since, datetime | None)


def the_builtin_base_is_a_base_for_the_checker_too(
    syntax: CronSyntaxError, missing: JobNotFoundError, late: RunTimeoutError
) -> tuple[ValueError, LookupError, TimeoutError, list[CronkitError]]:
    return syntax, missing, late, [syntax, missing, late]


def facts_are_named(text: str) -> None:
    CronSyntaxError("wrong", expression=text, feild="minute")  # type: ignore[call-arg]
    CronSyntaxError("wrong")  # type: ignore[call-arg]
    JobNotFoundError("nightly", hint=3)  # type: ignore[arg-type]

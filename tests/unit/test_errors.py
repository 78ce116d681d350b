"""One tree of errors: every class has the builtin base it promises, pickles whole and says its facts."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from datetime import UTC, datetime

import pytest

from cronkit import errors
from cronkit.errors import CronkitError, CronSyntaxError

SINCE = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

# One instance of each class, with every argument given, and what its message has to say.
SAMPLES: dict[str, tuple[CronkitError, str]] = {
    "CronkitError": (errors.CronkitError("plain"), "plain"),
    "CronSyntaxError": (
        CronSyntaxError(
            "75 is not in 0-59",
            expression="75 * * * *",
            field="minute",
            value="75",
            span=(0, 2),
            allowed="0-59",
            hint="minutes come first",
        ),
        "minute: 75 is not in 0-59 (minutes come first)\n    75 * * * *\n    ^^",
    ),
    "NaiveDatetimeError": (
        errors.NaiveDatetimeError("after", datetime(2026, 1, 1)),
        (
            "after: datetime.datetime(2026, 1, 1, 0, 0) has no time zone; "
            "give it one, e.g. tzinfo=ZoneInfo('UTC')"
        ),
    ),
    "UnknownZoneError": (
        errors.UnknownZoneError("Europe/Pariss", hint="did you mean 'Europe/Paris'?"),
        "unknown time zone 'Europe/Pariss'; did you mean 'Europe/Paris'?",
    ),
    "DurationError": (
        errors.DurationError("timeout", "30 parsecs", "a timedelta or text"),
        "timeout: '30 parsecs' is not a duration here; allowed: a timedelta or text",
    ),
    "PolicyError": (
        errors.PolicyError("overlap", "skpi", "'skip', 'queue'", hint="did you mean 'skip'?"),
        "overlap: 'skpi' is not accepted; allowed: 'skip', 'queue' (did you mean 'skip'?)",
    ),
    "ConfigError": (
        errors.ConfigError(
            ["jobs[0].schedule: no", "jobs[1].name: no"],
            path="cronkit.toml",
            key="jobs[0].schedule",
            line=7,
        ),
        "cronkit.toml: 2 problem(s)\njobs[0].schedule: no\njobs[1].name: no",
    ),
    "TriggerAnswerError": (
        errors.TriggerAnswerError("mine", "next(2026-01-01T00:00:00+00:00)", "soon"),
        (
            "mine: next(2026-01-01T00:00:00+00:00) gave 'soon'; "
            "allowed: an aware datetime later than that, or None"
        ),
    ),
    "TriggerSearchError": (
        errors.TriggerSearchError("Except(Every('1d'))", 10_000),
        (
            "\"Except(Every('1d'))\": no fire time among 10,000 candidates; "
            "the exclusions leave nothing over"
        ),
    ),
    "MissingExtraError": (
        errors.MissingExtraError("PostgresStore", "postgres"),
        "PostgresStore needs an extra; run: pip install 'cronkit[postgres]'",
    ),
    "UnsupportedPlatformError": (
        errors.UnsupportedPlatformError("ProcessExecutor", "there is no fork"),
        "ProcessExecutor is not supported here: there is no fork",
    ),
    "JobError": (errors.JobError("a job"), "a job"),
    "DuplicateJobError": (
        errors.DuplicateJobError("nightly"),
        "job id 'nightly' is taken; choose another id= or pass replace=True",
    ),
    "JobNotFoundError": (
        errors.JobNotFoundError("nightyl", hint="nightly"),
        "no job has the id 'nightyl'; did you mean 'nightly'?",
    ),
    "NotCallableError": (errors.NotCallableError(7, "no call"), "7 cannot be a job: no call"),
    "RunError": (errors.RunError("job@t", "lost"), "run 'job@t': lost"),
    "RunTimeoutError": (
        errors.RunTimeoutError("job@t", 1.5),
        "run 'job@t': still going after its timeout of 1.5 s",
    ),
    "RunCancelledError": (
        errors.RunCancelledError("job@t", "shutdown"),
        "run 'job@t': cancelled (shutdown)",
    ),
    "RunInterruptedError": (
        errors.RunInterruptedError("job@t", "owner died"),
        "run 'job@t': interrupted (owner died)",
    ),
    "RunNotExecutedError": (
        errors.RunNotExecutedError("job@t", "skipped", "overlap"),
        "run 'job@t': skipped (overlap); the function was not called",
    ),
    "RunFailedError": (
        errors.RunFailedError("job@t", "ValueError('x')"),
        "run 'job@t': failed: ValueError('x')",
    ),
    "WaitTimeoutError": (
        errors.WaitTimeoutError("job@t", 30),
        "run 'job@t': has not ended within 30 s; it goes on",
    ),
    "StateError": (errors.StateError("start", "already started"), "start: already started"),
    "AlreadyRunningError": (
        errors.AlreadyRunningError(4711, "alpha", SINCE),
        "start: process 4711 on alpha runs this scheduler since 2026-03-01T09:30:00+00:00",
    ),
    "FakeClockStalled": (
        errors.FakeClockStalled("1 run on 'process'"),
        "advance: fake time stands still; waiting for 1 run on 'process'",
    ),
    "StoreError": (errors.StoreError("state.db", "read-only"), "state.db: read-only"),
    "FenceLostError": (
        errors.FenceLostError("state.db", "job@t", 3, 5),
        "state.db: run job@t: fence 3 was overtaken by 5",
    ),
    "LockTimeoutError": (
        errors.LockTimeoutError("state.db", 2),
        "state.db: the lock was not free within 2 s",
    ),
    "CheckpointError": (errors.CheckpointError("a state"), "a state"),
    "OperationBusyError": (
        errors.OperationBusyError("export-1", "pid 4711 on alpha"),
        "operation 'export-1' is owned by pid 4711 on alpha",
    ),
    "OperationLostError": (
        errors.OperationLostError("export-1", 3, 5),
        "operation 'export-1': fence 3 was overtaken by 5",
    ),
    "CorruptCheckpointError": (
        errors.CorruptCheckpointError("7.ckpt", "hash differs"),
        "7.ckpt: hash differs",
    ),
    "OperationNotFoundError": (
        errors.OperationNotFoundError("export-1", "it has ended"),
        "operation 'export-1': it has ended",
    ),
    "CheckpointWriteError": (
        errors.CheckpointWriteError("7.ckpt", "No space left on device", 28),
        "7.ckpt: cannot save: No space left on device",
    ),
    "StateVersionError": (
        errors.StateVersionError(1, 3),
        "saved state has version 1, the code wants 3",
    ),
    "StateNotSerializableError": (
        errors.StateNotSerializableError("state['f']", "function", "code has no form in a file"),
        "state['f']: function cannot be saved; code has no form in a file",
    ),
    "ResumeMismatchError": (
        errors.ResumeMismatchError("export-1", "m17", "m18"),
        "operation 'export-1': expected 'm17', found 'm18'; the source changed since the checkpoint",
    ),
    "ExportError": (errors.ExportError("out/", "disk full"), "out/: disk full"),
    "ExportWriteError": (
        errors.ExportWriteError("out/", "Input/output error", 5),
        "out/: Input/output error",
    ),
}

CLASSES = {
    name: member
    for name, member in vars(errors).items()
    if isinstance(member, type) and issubclass(member, CronkitError)
}

TREE_LINE = re.compile(r"^ {4}([ │]*)(├ |└ )?(\w+)(?:\((\w+)\))?$", re.MULTILINE)


def drawn_tree() -> dict[str, tuple[str | None, str | None]]:
    """Read the tree of the module docstring: class name -> (parent, builtin second base)."""
    tree: dict[str, tuple[str | None, str | None]] = {}
    path: list[str] = []
    drawing = (errors.__doc__ or "").split("::", 1)[1]
    for indent, branch, name, builtin in TREE_LINE.findall(drawing):
        depth = len(indent) // 4 + 1 if branch else 0
        path[depth:] = [name]
        tree[name] = (path[depth - 1] if depth else None, builtin or None)
    return tree


def declared_tree() -> dict[str, tuple[str | None, str | None]]:
    """Read the tree of the classes in the form of `drawn_tree`."""
    tree: dict[str, tuple[str | None, str | None]] = {}
    for name, cls in CLASSES.items():
        ours = [base.__name__ for base in cls.__bases__ if issubclass(base, CronkitError)]
        others = [base.__name__ for base in cls.__bases__ if not issubclass(base, CronkitError)]
        second = others[0] if ours and others else None
        tree[name] = (ours[0] if ours else None, second)
    return tree


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes():
    assert drawn_tree() == declared_tree()


def test_every_class_has_a_sample_here():
    assert SAMPLES.keys() == CLASSES.keys()
    assert {name: type(error).__name__ for name, (error, _) in SAMPLES.items()} == {
        name: name for name in SAMPLES
    }


def test_there_is_one_root():
    roots = [name for name, (parent, _) in declared_tree().items() if parent is None]
    assert roots == ["CronkitError"]


@pytest.mark.parametrize("name", SAMPLES)
def test_the_message_says_the_facts(name):
    error, message = SAMPLES[name]
    assert str(error) == message


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_pickles_with_all_its_attributes(name, protocol):
    error, message = SAMPLES[name]
    copied = pickle.loads(pickle.dumps(error, protocol))
    assert type(copied) is type(error)
    assert str(copied) == message
    assert vars(copied) == vars(error)


@pytest.mark.parametrize("name", ["CheckpointWriteError", "ExportWriteError"])
def test_an_error_of_the_system_keeps_its_number_through_pickle(name):
    error, _ = SAMPLES[name]
    assert isinstance(error, OSError)
    assert pickle.loads(pickle.dumps(error)).errno == error.errno is not None


@pytest.mark.parametrize("name", SAMPLES)
def test_an_error_copies_and_keeps_its_notes(name):
    error, message = SAMPLES[name]
    copied = copy.deepcopy(error)
    copied.add_note("seen by a test")
    again = pickle.loads(pickle.dumps(copied))
    assert str(again) == message
    assert again.__notes__ == ["seen by a test"]
    assert not hasattr(error, "__notes__")


@pytest.mark.parametrize("name", SAMPLES)
def test_every_attribute_is_documented_where_it_is_set(name):
    documented: set[str] = set()
    for cls in CLASSES[name].__mro__:
        if cls in CLASSES.values():
            section = (inspect.getdoc(cls) or "").partition("Attributes:\n")[2]
            documented |= set(re.findall(r"^ {4}(\w+): ", section, re.MULTILINE))
    assert vars(SAMPLES[name][0]).keys() <= documented


@pytest.mark.parametrize("name", SAMPLES)
def test_a_message_starts_in_lower_case_or_with_the_users_own_word(name):
    error, message = SAMPLES[name]
    own_words = {str(value) for value in vars(error).values() if isinstance(value, str)}
    assert (
        message[0].islower()
        or any(message.startswith((w, f'"{w}')) for w in own_words)
        or (message[0].isdigit())
    )


class TestCronSyntaxError:
    def error(self, expression: str, span: tuple[int, int] | None, **facts: str) -> CronSyntaxError:
        return CronSyntaxError("wrong", expression=expression, span=span, **facts)

    def test_the_caret_stands_under_the_span(self):
        lines = str(self.error("0 9 * * MOON", (8, 12), field="day-of-week")).splitlines()
        assert lines == ["day-of-week: wrong", "    0 9 * * MOON", "            ^^^^"]

    def test_an_empty_span_still_shows_one_caret(self):
        assert str(self.error("0 9 * *", (7, 7))).splitlines()[-1] == " " * 11 + "^"

    def test_a_long_text_is_cut_to_a_window_around_the_span(self):
        text = ",".join(["15"] * 60) + ",75"
        head, window, carets = str(self.error(text, (180, 182))).splitlines()
        assert head == "expression: wrong"
        assert len(window) == 4 + 50
        assert window[carets.index("^") : carets.rindex("^") + 1] == "75"

    def test_there_is_no_drawing_without_a_span(self):
        assert str(self.error("0 9 * * *", None)) == "expression: wrong"

    @pytest.mark.parametrize("text", ["\x1b[31m * * *", "0 9\n* * *", "0 9\t* * *", "\u202e * * *"])
    def test_what_a_terminal_would_obey_is_not_drawn(self, text):
        message = str(self.error(text, (0, 1)))
        assert message == "expression: wrong"

    @pytest.mark.parametrize("length", [10, 256, 10_000])
    def test_no_message_is_longer_than_200_characters(self, length):
        text = "7" * length
        error = CronSyntaxError(
            f"{text} is not in 0-59",
            expression=text,
            value=text,
            span=(0, length),
            hint="x" * length,
        )
        assert len(str(error)) <= 200
        assert len(error.expression) <= 256
        assert len(error.value) <= 256


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("75", "'75'"),
        (75, "75"),
        (None, "None"),
        ("Orléans", r"'Orl\xe9ans'"),
        ("\x1b[31m", r"'\x1b[31m'"),
        pytest.param(10**5000, "<int>", id="a long int"),
        ("x" * 58, f"'{'x' * 58}'"),
        ("x" * 59, f"'{'x' * 56}..."),
        ("x" * 10_000_000, f"'{'x' * 56}..."),
        (list(range(100)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16..."),
    ],
)
def test_a_value_is_shown_escaped_and_clipped(value, text):
    assert errors.shown(value) == text
    assert len(text) <= 60


def test_the_limit_of_a_shown_value_can_be_chosen():
    assert errors.shown("abcdefghij", limit=12) == "'abcdefghij'"
    assert errors.shown("abcdefghij", limit=11) == "'abcdefg..."


class Hostile:
    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def test_only_text_of_a_rejected_function_is_kept_so_that_the_error_pickles():
    error = errors.NotCallableError(Hostile("<socket\n>"), "a socket is not a function")
    assert error.value == "<socket\n>"
    assert pickle.loads(pickle.dumps(error)).value == error.value


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (errors.UnknownZoneError("X"), "unknown time zone 'X'"),
        (errors.PolicyError("a", 1, "2"), "a: 1 is not accepted; allowed: 2"),
        (errors.JobNotFoundError(3), "no job has the id 3"),
        (errors.RunCancelledError("j@t"), "run 'j@t': cancelled (by hand)"),
        (errors.ConfigError(["k: no"]), "configuration: 1 problem(s)\nk: no"),
        (
            errors.AlreadyRunningError(None, "alpha", None),
            "start: process None on alpha runs this scheduler",
        ),
        (
            errors.FenceLostError("db", "j@t", None, None),
            "db: run j@t: fence None was overtaken by None",
        ),
        (
            errors.FenceLostError("db", "j@t", 7, 7),
            "db: run j@t: another has ended it under the same fence, 7",
        ),
    ],
)
def test_facts_that_are_not_known_are_left_out_of_the_message(error, message):
    assert str(error) == message

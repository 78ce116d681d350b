"""What an operation counts, saves and continues, on the fake backend and the fake clock."""

from __future__ import annotations

import logging
from datetime import date, timedelta
from uuid import UUID

import attrs
import pytest

from cronkit.checkpoints import CheckpointManager
from cronkit.errors import (
    CorruptCheckpointError,
    DurationError,
    OperationBusyError,
    OperationLostError,
    OperationNotFoundError,
    PolicyError,
    ResumeMismatchError,
    StateError,
    StateNotSerializableError,
    StateVersionError,
)
from cronkit.testing import FakeClock, MemoryCheckpoints


class BoomError(Exception):
    pass


@pytest.fixture
def clock():
    return FakeClock("2026-03-01T09:00+00:00")


@pytest.fixture
def backend():
    return MemoryCheckpoints()


@pytest.fixture
def manager(backend, clock):
    return CheckpointManager(backend, every=10, every_seconds=None, clock=clock)


def letters(count):
    return [f"item-{number}" for number in range(count)]


def work(operation, stop_at, items=None, *, each=lambda item: None, **options):
    """Work through the items; the one at `stop_at` fails after its work was done."""
    with operation:
        for item in operation.track(items, **options):
            each(item)
            if item == stop_at:
                raise BoomError


def run_until(manager, items, stop_at, seen, **options):
    with pytest.raises(BoomError):
        work(manager.operation("export", **options), stop_at, items, each=seen.append)


class TestTrack:
    def test_a_whole_pass_sees_every_item_once_and_completes(self, manager):
        with manager.operation("export", total=25) as operation:
            seen = list(operation.track(letters(25)))
        assert seen == letters(25)
        assert operation.progress.fraction == 1.0
        assert manager.get_interrupted_operations() == []
        (ended,) = manager.operations(ended=True)
        assert (ended.status, ended.progress.processed) == ("completed", 25)

    def test_whoever_asks_is_told_the_progress_before_the_first_item_and_after_each(
        self, manager, clock
    ):
        told = []
        with manager.operation("export") as operation:
            for _ in operation.track(letters(3), progress=told.append):
                clock.advance("2s")
        assert [(each.processed, each.total, each.rate) for each in told] == [
            (0, 3, 0.0), (1, 3, 0.5), (2, 3, 0.5), (3, 3, 0.5),
        ]  # fmt: skip

    def test_an_error_of_the_one_who_is_told_interrupts_after_the_item(self, manager):
        def refuse(progress):
            if progress.processed == 2:
                raise BoomError

        with pytest.raises(BoomError):
            work(manager.operation("export"), None, letters(9), progress=refuse)
        (found,) = manager.get_interrupted_operations()
        assert found.progress.processed == 2

    @pytest.mark.parametrize("stop_at", range(25))
    def test_after_an_exception_only_the_failed_item_comes_again(self, manager, stop_at):
        seen: list[str] = []
        run_until(manager, letters(25), f"item-{stop_at}", seen)
        with manager.operation("export") as operation:
            assert operation.resumed
            seen += operation.track(letters(25))
        assert seen == letters(stop_at + 1) + letters(25)[stop_at:]

    @pytest.mark.parametrize("stop_at", range(25))
    def test_after_a_crash_at_most_the_items_since_the_last_checkpoint_come_again(
        self, manager, backend, stop_at
    ):
        operation = manager.operation("export")
        seen = []
        for number, item in enumerate(operation.track(letters(25))):
            seen.append(item)
            if number == stop_at:
                break
        backend.crash()
        again = manager.operation("export")
        repeated = list(again.track(letters(25)))
        assert repeated == letters(25)[stop_at - stop_at % 10 :]
        assert set(seen) | set(repeated) == set(letters(25))

    def test_an_item_counts_when_the_loop_asks_for_the_next(self, manager):
        operation = manager.operation("export")
        loop = operation.track(letters(3))
        next(loop)
        assert operation.progress.processed == 0
        next(loop)
        assert operation.progress.processed == 1
        assert list(loop) == ["item-2"]
        assert operation.progress.processed == 3

    def test_a_break_leaves_the_item_uncounted(self, manager):
        with manager.operation("export") as operation:
            for item in operation.track(letters(5)):
                if item == "item-3":
                    break
            assert operation.progress.processed == 3

    def test_a_checkpoint_is_saved_every_so_many_items(self, manager, backend):
        operation = manager.operation("export")
        numbers = [
            manager.get_last_checkpoint(operation.id).progress.processed
            for _ in operation.track(letters(31))
        ]
        assert sorted(set(numbers)) == [0, 10, 20, 30]

    def test_a_checkpoint_is_saved_after_so_much_time_at_the_end_of_an_item(self, backend, clock):
        manager = CheckpointManager(backend, every=None, every_seconds="1m", clock=clock)
        operation = manager.operation("export")
        saved = []
        for _ in operation.track(letters(7)):
            saved.append(manager.get_last_checkpoint(operation.id).progress.processed)
            clock.advance(25)
        assert saved == [0, 0, 0, 3, 3, 3, 6]

    def test_the_state_of_a_failed_item_is_not_saved(self, manager):
        operation = manager.operation("export")

        def each(item):
            operation.state["seen"] = item
            operation.state["count"] = operation.state.get("count", 0) + 1

        with pytest.raises(BoomError):
            work(operation, "item-5", letters(8), each=each)
        again = manager.operation("export")
        assert again.state == {"seen": "item-4", "count": 5}

    def test_a_state_of_very_many_keys_is_saved_by_count_only(self, manager):
        operation = manager.operation("export")

        def each(number):
            operation.state[str(number)] = number

        with pytest.raises(BoomError):
            work(operation, 1_012, range(1_015), each=each)
        again = manager.operation("export")
        assert again.progress.processed == len(again.state) == 1_010

    def test_an_exception_before_the_first_item_ended_saves_nothing(self, manager):
        seen: list[str] = []
        run_until(manager, letters(5), "item-0", seen)
        checkpoint = manager.operation("export").get_last_checkpoint()
        assert (checkpoint.state, checkpoint.progress.processed) == ({}, 0)

    def test_a_failing_save_does_not_hide_the_exception_and_is_told(self, manager, caplog):
        operation = manager.operation("export")
        with pytest.raises(BoomError) as caught:
            work(operation, "item-5", letters(8), each=lambda _: operation.state.update(f=print))
        assert "could not be saved" in caught.value.__notes__[0]
        assert "checkpoint.failed" in caplog.messages

    @pytest.mark.parametrize(
        ("items", "key"),
        [
            ([1, 2, 3], None),
            ([{"id": 7}, {"id": 8}, {"id": 9}], lambda item: item["id"]),
            ([("a", 1), ("a", 2), ("b", 1)], None),
            ([UUID(int=1), UUID(int=2), UUID(int=3)], None),
            ([date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3)], None),
            (["\ud800", "é", "x" * 600], None),
        ],
    )
    def test_an_item_is_known_by_any_key_with_a_safe_form(self, manager, items, key):
        with pytest.raises(BoomError):
            work(manager.operation("export"), items[2], items, key=key)
        again = manager.operation("export")
        assert again.get_last_checkpoint().last_item == (key or (lambda item: item))(items[1])
        assert list(again.track(items, key=key)) == items[2:]

    def test_an_item_without_a_key_that_can_be_saved_is_refused_at_once(self, manager):
        operation = manager.operation("export")
        with pytest.raises(StateNotSerializableError, match="key"):
            list(operation.track([object()]))

    def test_a_generator_is_a_source_too(self, manager):
        seen: list[str] = []
        run_until(manager, iter(letters(9)), "item-4", seen)
        assert list(manager.operation("export").track(iter(letters(9)))) == letters(9)[4:]

    def test_the_length_of_the_source_is_the_total_where_none_was_given(self, manager):
        operation = manager.operation("export")
        operation.track(letters(4))
        assert operation.progress.total == 4
        operation = manager.operation("other")
        operation.track(iter(letters(4)))
        assert operation.progress.total is None

    def test_an_operation_has_one_source(self, manager):
        operation = manager.operation("export")
        list(operation.track(letters(2)))
        with pytest.raises(StateError, match="one source"):
            operation.track(letters(2))

    @pytest.mark.parametrize("arguments", [{}, {"items": [1], "cursor": lambda last: [1]}])
    def test_a_source_is_given_as_items_or_as_a_cursor(self, manager, arguments):
        with pytest.raises(PolicyError, match="either items or cursor"):
            manager.operation("export").track(**arguments)

    @pytest.mark.parametrize(
        ("arguments", "name"),
        [
            ({"items": 7}, "items"),
            ({"items": [1], "key": 7}, "key"),
            ({"items": [1], "progress": 7}, "progress"),
            ({"cursor": 7}, "cursor"),
            ({"cursor": lambda _: None}, "cursor"),
        ],
    )
    def test_an_argument_that_is_out_of_range_is_named(self, manager, arguments, name):
        with pytest.raises(PolicyError) as caught:
            list(manager.operation("export").track(**arguments))
        assert caught.value.argument == name

    def test_a_number_too_long_for_text_is_no_key(self, manager):
        operation = manager.operation("export")
        with pytest.raises(StateNotSerializableError, match="more than 14000 bits"):
            list(operation.track([10**5000]))


class TestCursor:
    def source(self, last):
        start = 0 if last is None else last + 1
        return iter(range(start, 12))

    @pytest.mark.parametrize("stop_at", range(12))
    def test_a_source_that_starts_after_a_key_is_asked_for_the_rest(self, manager, stop_at):
        seen = []
        with pytest.raises(BoomError):
            work(manager.operation("export"), stop_at, each=seen.append, cursor=self.source)
        again = manager.operation("export")
        seen += again.track(cursor=self.source)
        assert seen == [*range(stop_at + 1), *range(stop_at, 12)]
        assert again.progress.processed == 12

    def test_the_key_comes_back_with_its_type(self, manager):
        asked = []

        def after(last):
            asked.append(last)
            return [("a", 1), ("a", 2)] if last is None else []

        with pytest.raises(BoomError):
            work(manager.operation("export"), ("a", 2), cursor=after)
        list(manager.operation("export").track(cursor=after))
        assert asked == [None, ("a", 1)]


class TestChangedSource:
    @pytest.fixture
    def interrupted(self, manager):
        run_until(manager, letters(9), "item-6", [])

    @pytest.mark.parametrize(
        ("items", "expected", "found"),
        [
            (letters(9)[1:], "item-5", "item-6"),  # one fewer at the start
            (["new", *letters(9)], "item-5", "item-4"),  # one more at the start
            (letters(9)[::-1], "item-5", "item-3"),
            (letters(4), "6 items or more", "4 items"),
            ([], "6 items or more", "0 items"),
            (["item-1", "item-0", *letters(9)[2:]], "as they were", "another key"),  # two swapped
            (["new", *letters(9)[1:]], "as they were", "another key"),  # one replaced
        ],
    )
    def test_a_source_that_changed_before_the_place_is_found_out(
        self, manager, interrupted, items, expected, found
    ):
        with pytest.raises(ResumeMismatchError) as caught:
            work(manager.operation("export"), None, items)
        assert expected in caught.value.expected
        assert found in caught.value.found
        assert list(manager.operation("export").track(letters(9))) == letters(9)[6:]

    def test_a_source_that_changed_after_the_place_goes_on(self, manager, interrupted):
        items = [*letters(6), "other", "and", "more"]
        assert list(manager.operation("export").track(items)) == ["other", "and", "more"]

    def test_fewer_items_in_all_than_are_done_are_refused(self, manager, interrupted):
        with pytest.raises(ResumeMismatchError, match="total=5"):
            manager.operation("export", total=5)
        assert manager.operation("export", total=6).progress.total == 6


class TestExplicit:
    def test_the_explicit_way_saves_and_resumes(self, manager, backend):
        operation = manager.start_operation("export_movies", total=1000)
        assert operation.get_last_checkpoint().state == {}
        operation.save_checkpoint({"last_movie_id": 17, "processed_count": 100})
        backend.crash()
        (found,) = manager.get_interrupted_operations()
        assert (found.type, found.status) == ("export_movies", "interrupted")
        assert found.progress.processed == 100
        assert found.progress.fraction == 0.1
        again = manager.resume(found.id)
        assert again.resumed
        assert again.id == operation.id
        assert again.get_last_checkpoint().state["processed_count"] == 100
        again.complete()
        assert manager.get_interrupted_operations() == []

    def test_counts_and_the_last_item_can_be_given(self, manager):
        operation = manager.start_operation("export", 10)
        operation.save_checkpoint(processed=4, last_item=("m", 4))
        checkpoint = operation.get_last_checkpoint()
        assert (checkpoint.progress.processed, checkpoint.last_item) == (4, ("m", 4))

    @pytest.mark.parametrize("value", ["7", 1.0, True, -3, None])
    def test_a_processed_count_that_is_no_count_says_nothing(self, manager, value):
        operation = manager.start_operation("export")
        operation.save_checkpoint({"processed_count": value})
        assert operation.progress.processed == 0

    @pytest.mark.parametrize("value", [-1, True, "3", 1.5])
    def test_a_count_that_is_given_has_to_be_one(self, manager, value):
        with pytest.raises(PolicyError, match="processed"):
            manager.start_operation("export").save_checkpoint(processed=value)

    def test_a_save_in_the_middle_of_an_item_counts_the_items_before(self, manager):
        operation = manager.operation("export")
        for item in operation.track(letters(5)):
            if item == "item-3":
                operation.save_checkpoint({"half": item})
                break
        checkpoint = operation.get_last_checkpoint()
        assert (checkpoint.progress.processed, checkpoint.state) == (3, {"half": "item-3"})

    def test_track_does_the_counting_once_it_has_begun(self, manager):
        operation = manager.operation("export")
        operation.track(letters(3))
        with pytest.raises(StateError, match="track"):
            operation.save_checkpoint(processed=2)

    def test_the_state_is_a_dict(self, manager):
        operation = manager.start_operation("export")
        with pytest.raises(StateNotSerializableError, match="a state is a dict"):
            operation.state = ["no"]
        operation.state = {"yes": 1}
        operation.save_checkpoint()
        assert operation.get_last_checkpoint().state == {"yes": 1}

    def test_a_state_that_cannot_be_saved_leaves_the_last_checkpoint(self, manager):
        operation = manager.start_operation("export")
        operation.save_checkpoint({"n": 1})
        with pytest.raises(StateNotSerializableError, match=r"state\['rows'\]\[0\]"):
            operation.save_checkpoint({"rows": [object()]})
        assert operation.get_last_checkpoint().state == {"n": 1}

    def test_a_failed_operation_is_not_continued(self, manager):
        operation = manager.start_operation("export")
        operation.fail("the account is gone")
        assert manager.get_interrupted_operations() == []
        (ended,) = manager.operations(ended=True)
        assert (ended.status, ended.reason) == ("failed", "the account is gone")

    def test_a_block_that_ended_the_operation_itself_is_left_quietly(self, manager):
        with manager.operation("a") as operation:
            operation.complete()
        with manager.operation("b") as operation:
            operation.fail("no")
        operation = manager.operation("c")
        with pytest.raises(BoomError):
            work(operation, 1, [1], each=lambda _: operation.release())

    @pytest.mark.parametrize("call", ["save_checkpoint", "complete", "fail"])
    def test_nothing_is_saved_after_the_end(self, manager, call):
        operation = manager.start_operation("export")
        operation.complete()
        with pytest.raises(StateError, match="was released or has ended"):
            getattr(operation, call)()
        with pytest.raises(StateError):
            operation.track([1])
        operation.release()
        assert operation.get_last_checkpoint().state == {}

    def test_a_released_operation_is_interrupted(self, manager):
        operation = manager.start_operation("export")
        operation.release()
        (found,) = manager.get_interrupted_operations()
        assert found.id == operation.id


class TestOwnership:
    def test_two_keys_of_a_type_do_not_collide(self, manager):
        ann, bob = manager.operation("export", key="ann"), manager.operation("export", key="bob@x")
        assert ann.id != bob.id
        with pytest.raises(OperationBusyError):
            manager.operation("export", key="ann")

    def test_an_owned_operation_can_be_looked_at(self, manager):
        operation = manager.operation("export", total=9, key="ann")
        operation.save_checkpoint({"n": 1}, processed=3)
        (info,) = manager.operations()
        assert (info.status, info.owned, info.key) == ("running", True, "ann")
        assert str(info.progress) == "3/9 (33 %)"
        assert manager.get_interrupted_operations() == []
        assert manager.get_last_checkpoint(operation.id).state == {"n": 1}

    def test_a_start_supersedes_what_was_interrupted(self, manager, backend):
        old = manager.start_operation("export")
        backend.crash()
        new = manager.start_operation("export")
        assert new.id != old.id
        assert new.state == {}
        assert [info.status for info in manager.operations(ended=True)] == ["running", "superseded"]
        with pytest.raises(OperationNotFoundError):
            manager.resume(old.id)

    def test_force_shuts_a_frozen_owner_out(self, manager):
        frozen = manager.operation("export")
        mine = manager.operation("export", force=True)
        assert mine.id == frozen.id
        assert mine.fence > frozen.fence
        with pytest.raises(OperationLostError):
            frozen.save_checkpoint({"late": True})
        frozen.release()
        with pytest.raises(OperationBusyError):
            manager.resume(mine.id)
        again = manager.resume(mine.id, force=True)
        assert again.fence > mine.fence

    def test_an_owner_that_lost_leaves_its_block_with_that_error(self, manager):
        frozen = manager.operation("export")
        owners = []
        with pytest.raises(OperationLostError) as caught:
            work(
                frozen,
                None,
                letters(30),
                each=lambda item: owners or owners.append(manager.resume(frozen.id, force=True)),
            )
        assert not hasattr(caught.value, "__notes__")

    def test_idempotency_keys_are_the_same_after_a_crash_and_differ_by_item(self, manager, backend):
        movies = [{"id": 1}, {"id": 2}]
        operation = manager.operation("export")
        operation.track(movies, key=lambda movie: movie["id"])
        first = [operation.idempotency_key(movie) for movie in movies]
        backend.crash()
        again = manager.operation("export")
        again.track(movies, key=lambda movie: movie["id"])
        assert [again.idempotency_key(movie) for movie in movies] == first
        assert len(set(first)) == 2
        assert all(key.startswith(f"{operation.id}:") for key in first)


@attrs.frozen
class Movie:
    title: str


class TestVersions:
    def test_migrations_lead_an_old_state_to_the_code(self, backend, clock):
        old = CheckpointManager(backend, classes=[Movie], clock=clock).start_operation("export")
        old.save_checkpoint({"movie": Movie("Heat"), "n": 1})
        backend.crash()
        seen = []

        def one(state):
            seen.append(state)
            return {"title": state["movie"]["title"], "n": state["n"]}

        new = CheckpointManager(
            backend,
            state_version=3,
            migrations={1: one, 2: lambda state: {**state, "n": state["n"] + 1}},
            clock=clock,
        ).operation("export")
        assert seen == [{"movie": {"title": "Heat"}, "n": 1}]
        assert new.state == {"title": "Heat", "n": 2}
        new.save_checkpoint()
        assert new.get_last_checkpoint().state_version == 3

    @pytest.mark.parametrize(("saved", "wanted"), [(1, 3), (2, 3), (5, 3)])
    def test_without_a_way_to_the_codes_version_nothing_is_taken(
        self, backend, clock, saved, wanted
    ):
        first = CheckpointManager(backend, state_version=saved, clock=clock)
        first.start_operation("export").save_checkpoint({"n": 1})
        backend.crash()
        manager = CheckpointManager(
            backend, state_version=wanted, migrations={1: dict}, clock=clock
        )
        with pytest.raises(StateVersionError) as caught:
            manager.operation("export")
        assert (caught.value.found, caught.value.wanted) == (saved, wanted)
        (found,) = manager.get_interrupted_operations()
        assert not found.owned

    def test_an_empty_state_belongs_to_every_version(self, backend, clock):
        CheckpointManager(backend, clock=clock).start_operation("export").save_checkpoint({})
        backend.crash()
        manager = CheckpointManager(backend, state_version=7, clock=clock)
        assert manager.operation("export").state == {}

    def test_instances_of_registered_classes_come_back(self, backend, clock):
        manager = CheckpointManager(backend, classes={"film": Movie}, clock=clock)
        operation = manager.start_operation("export")
        operation.save_checkpoint({"movie": Movie("Heat")})
        assert operation.get_last_checkpoint().state == {"movie": Movie("Heat")}

    def test_a_state_whose_class_is_no_longer_registered_is_not_taken(self, backend, clock):
        manager = CheckpointManager(backend, classes=[Movie], clock=clock)
        manager.start_operation("export").save_checkpoint({"movie": Movie("Heat")})
        backend.crash()
        with pytest.raises(CorruptCheckpointError, match="not registered"):
            CheckpointManager(backend, clock=clock).operation("export")

    @pytest.mark.parametrize("compression", [None, "gzip", "zstd"])
    def test_states_are_compressed_and_read_by_any_manager(self, backend, clock, compression):
        if compression == "zstd":
            pytest.importorskip("zstandard", reason="the extra 'zstd' is not installed")
        manager = CheckpointManager(backend, compression=compression, clock=clock)
        state = {"text": "again and " * 1000}
        operation = manager.start_operation("export")
        operation.save_checkpoint(state)
        size = len(backend.find(operation.id).record.payload)
        assert (size < 1000) == (compression is not None)
        plain = CheckpointManager(backend, clock=clock)
        assert plain.get_last_checkpoint(operation.id).state == state

    def test_a_state_larger_than_allowed_is_refused(self, backend, clock):
        manager = CheckpointManager(backend, max_state_bytes=100, clock=clock)
        with pytest.raises(StateNotSerializableError, match="max_state_bytes=100"):
            manager.start_operation("export").save_checkpoint({"t": "x" * 100})


class TestProgress:
    def test_rate_and_time_left_come_from_what_this_process_did(self, manager, clock, backend):
        run_until(manager, letters(100), "item-50", [], total=100)
        operation = manager.operation("export")
        assert (operation.progress.rate, operation.progress.eta) == (0.0, None)
        for item in operation.track(letters(100)):
            clock.advance(2)
            if item == "item-60":
                break
        assert operation.progress.processed == 60
        assert operation.progress.rate == pytest.approx(10 / 22)
        assert operation.progress.eta == timedelta(seconds=88)

    @pytest.mark.parametrize(
        ("processed", "total", "fraction", "text"),
        [(0, 0, 1.0, "0/0 (100 %)"), (3, None, None, "3"), (12, 10, 1.0, "12/10 (100 %)")],
    )
    def test_odd_totals_make_no_odd_fractions(self, manager, processed, total, fraction, text):
        operation = manager.start_operation("export", total)
        operation.save_checkpoint(processed=processed)
        assert operation.progress.fraction == fraction
        assert str(operation.progress) == text


class TestUpkeep:
    def test_what_ended_long_ago_goes_once_a_day(self, backend, clock):
        manager = CheckpointManager(backend, keep_finished="30d", clock=clock)
        manager.start_operation("old").complete()
        clock.advance("31d")
        manager.start_operation("new").complete()
        assert [info.type for info in manager.operations(ended=True)] == ["new"]

    def test_what_shall_stay_for_ever_stays(self, backend, clock):
        manager = CheckpointManager(backend, keep_finished=None, clock=clock)
        manager.start_operation("old").complete()
        clock.advance("4000d")
        assert manager.prune() == []
        assert len(manager.operations(ended=True)) == 1

    def test_a_dry_run_says_what_would_go(self, backend, clock):
        manager = CheckpointManager(backend, keep_finished="1d", clock=clock)
        operation = manager.start_operation("old")
        operation.complete()
        clock.advance("3d")
        (removal,) = manager.prune(dry_run=True)
        assert removal.where == operation.id
        assert len(manager.operations(ended=True)) == 1
        assert manager.prune() == [removal]


class TestArguments:
    @pytest.mark.parametrize(
        ("options", "error", "names"),
        [
            ({"every": 0}, PolicyError, "every"),
            ({"every": True}, PolicyError, "every"),
            ({"every_seconds": "soon"}, DurationError, "every_seconds"),
            ({"max_checkpoints": 3}, PolicyError, "max_checkpoints"),
            ({"compression": "bzip2"}, PolicyError, "compression"),
            ({"max_state_bytes": 1}, PolicyError, "max_state_bytes"),
            ({"state_version": -1}, PolicyError, "state_version"),
            ({"migrations": {1: dict}}, PolicyError, "migrations"),
            ({"state_version": 2, "migrations": {1: "x"}}, PolicyError, "migrations"),
            ({"migrations": 7}, PolicyError, "migrations"),
            ({"classes": [int]}, PolicyError, "classes"),
            ({"classes": 7}, PolicyError, "classes"),
            ({"keep_finished": -1}, DurationError, "keep_finished"),
            ({"clock": 5}, PolicyError, "clock"),
            ({"clock": FakeClock}, PolicyError, "clock"),
        ],
    )
    def test_a_manager_names_the_argument_that_is_out_of_range(
        self, backend, options, error, names
    ):
        with pytest.raises(error, match=names):
            CheckpointManager(backend, **options)

    @pytest.mark.parametrize("place", [7, None, object(), "", "a\0b", "\ud800", b"folder"])
    def test_a_place_is_a_folder_or_a_backend(self, place):
        with pytest.raises(PolicyError, match="place"):
            CheckpointManager(place)

    @pytest.mark.parametrize(
        ("arguments", "names"),
        [
            ({"type": "a b"}, "type"),
            ({"type": "../x"}, "type"),
            ({"type": ""}, "type"),
            ({"type": 7}, "type"),
            ({"type": "x", "key": 7}, "key"),
            ({"type": "x", "key": "k" * 257}, "key"),
            ({"type": "x", "total": -1}, "total"),
            ({"type": "x", "total": 1.5}, "total"),
            ({"type": "x", "total": 10**5000}, "total"),
            ({"type": "x", "resume": "always"}, "resume"),
        ],
    )
    def test_an_operation_names_the_argument_that_is_out_of_range(self, manager, arguments, names):
        with pytest.raises(PolicyError) as caught:
            manager.operation(**arguments)
        assert caught.value.argument == names
        assert manager.operations() == []

    @pytest.mark.parametrize(
        ("call", "names"),
        [
            (lambda manager: manager.operation("x", force="no"), "force"),
            (lambda manager: manager.resume("x", force=1), "force"),
            (lambda manager: manager.operations(ended="all"), "ended"),
            (lambda manager: manager.prune(dry_run=0), "dry_run"),
        ],
    )
    def test_nothing_stands_for_true_or_false(self, manager, call, names):
        with pytest.raises(PolicyError, match=f"{names}: .* True or False"):
            call(manager)
        assert manager.operations() == []

    @pytest.mark.parametrize("state", [5, "text", ["ab"], {"a"}, object()])
    def test_a_state_is_a_dict(self, manager, state):
        operation = manager.start_operation("x")
        with pytest.raises(StateNotSerializableError, match="a state is a dict"):
            operation.save_checkpoint(state)
        assert operation.state == {}

    @pytest.mark.parametrize("item", [object(), float("nan"), "m" * 1025])
    def test_a_last_item_without_a_form_is_named(self, manager, item):
        with pytest.raises(StateNotSerializableError, match="last_item: "):
            manager.start_operation("x").save_checkpoint(last_item=item)

    def test_outside_of_a_run_an_operation_needs_a_type(self, manager):
        with pytest.raises(StateError, match="give the operation a type"):
            manager.operation(total=5)

    @pytest.mark.parametrize("name", [".hidden", "-rf", "..", "a" * 128, "export.v2_x-y"])
    def test_any_name_makes_an_id_that_can_be_resumed(self, tmp_path, name):
        manager = CheckpointManager(tmp_path)
        operation = manager.start_operation(name)
        operation.release()
        assert manager.resume(operation.id).type == name


def test_what_happens_is_logged_with_its_facts(manager, backend, caplog):
    caplog.set_level(logging.DEBUG, logger="cronkit.checkpoints")
    manager.start_operation("export", 10).save_checkpoint(processed=4)
    backend.crash()
    manager.operation("export").complete()
    manager.start_operation("other").fail("no use")
    assert caplog.messages == [
        "operation.started",
        "checkpoint.saved",
        "operation.resumed",
        "operation.completed",
        "operation.started",
        "operation.failed",
    ]
    resumed = caplog.records[2]
    assert (resumed.operation_type, resumed.processed, resumed.total) == ("export", 4, 10)
    assert caplog.records[-1].reason == "no use"
    assert repr(manager).startswith("<CheckpointManager on")

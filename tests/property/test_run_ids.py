"""The id of a run: the fire time in ISO 8601, in UTC, whatever its zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from cronkit.jobs import run_id

ZONES = st.sampled_from(
    [UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=9))]
)
MOMENTS = st.datetimes(
    min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29), timezones=ZONES
)


@given(MOMENTS, st.booleans())
def test_the_id_holds_the_fire_time_in_utc(moment, whole):
    fire = moment.replace(microsecond=0) if whole else moment
    job, _, text = run_id("job", fire).partition("@")
    assert (job, text[-1]) == ("job", "Z")
    assert datetime.fromisoformat(text) == fire
    assert text == fire.astimezone(UTC).isoformat().replace("+00:00", "Z")


@given(st.integers(0, 59), st.permutations([0, 1, 0, 1]))
def test_the_two_passes_of_a_fold_have_ids_of_their_own(minute, passes):
    second = datetime(2026, 10, 25, 2, minute, fold=1, tzinfo=ZoneInfo("Europe/Paris"))
    ids = [run_id("job", second.replace(fold=fold)) for fold in passes]
    assert ids == [f"job@2026-10-25T{fold:02}:{minute:02}:00Z" for fold in passes]

"""The id of a run: the fire time in ISO 8601, in UTC, whatever its zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

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

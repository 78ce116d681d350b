"""Schedulers of one store tell each other when, and by which zone rules, their jobs fire."""

from __future__ import annotations

import logging
import re
import zoneinfo

import pytest

from cronkit import Cron, Every
from cronkit._engine._peers import tzdata_version
from cronkit.stores import SQLiteStore
from cronkit.testing import FakeClock


@pytest.fixture
def clock():
    return FakeClock("2026-03-02T12:00:00+00:00")


@pytest.fixture
def host(make, tmp_path):
    def started(**triggers):
        scheduler = make(store=SQLiteStore(tmp_path / "state.db"))
        for job_id, trigger in triggers.items():
            scheduler.add(lambda: None, trigger, id=job_id)
        scheduler.start()
        return scheduler

    return started


@pytest.fixture
def zone_folders():
    """Have zones read from other folders."""
    yield lambda *folders: zoneinfo.reset_tzpath([str(each) for each in folders])
    zoneinfo.reset_tzpath()


def warnings(scheduler):
    return scheduler.status().health.warnings


def owner(scheduler):
    return scheduler._app.core.owner


def test_schedulers_that_agree_say_nothing(host, clock):
    both = [host(a=Every("1h"), b=Cron("0 9 * * *")) for _ in range(2)]
    clock.advance("1m")
    assert [warnings(each) for each in both] == [(), ()]


def test_a_different_trigger_is_a_warning_that_names_both_and_the_job(host, clock, caplog):
    one, other = host(a=Every("1h"), b=Every("1d")), host(a=Every("2h"), b=Every("1d"))
    clock.advance("1m")
    (warning,) = warnings(one)
    assert warning == f"{owner(one)} and {owner(other)} have different triggers for a"
    assert warnings(other) == (f"{owner(other)} and {owner(one)} have different triggers for a",)
    assert one.status().health.ok
    logged = [each for each in caplog.records if "disagree" in each.message]
    assert [each.levelno for each in logged] == [logging.WARNING] * 2


def test_many_jobs_are_counted(host, clock):
    one = host(**{f"j{n}": Every("1h") for n in range(9)})
    host(**{f"j{n}": Every("2h") for n in range(9)})
    clock.advance("1m")
    assert warnings(one)[0].endswith("different triggers for j0, j1, j2, j3, j4 and 4 more")


def test_jobs_that_only_one_of_them_has_are_no_difference(host, clock):
    one, other = host(a=Every("1h"), b=Every("1d")), host(b=Every("1d"), c=Every("1h"))
    clock.advance("1m")
    assert warnings(one) == warnings(other) == ()


def test_a_warning_ends_when_the_other_has_stopped(host, clock):
    one, other = host(a=Every("1h")), host(a=Every("2h"))
    clock.advance("1m")
    assert warnings(one)
    other.shutdown()
    clock.advance("1m")
    assert warnings(one) == ()


def test_a_warning_ends_when_the_other_has_died(host, clock):
    one, other = host(a=Every("1h")), host(a=Every("2h"))
    clock.advance("1m")
    app = other._app
    clock.detach(app.engine)
    app.core.store.abandon(app.core.owner)
    clock.advance("1m")
    assert warnings(one) == ()


def test_a_job_that_is_added_later_is_compared_too(host, clock):
    one, other = host(a=Every("1h")), host(a=Every("1h"))
    clock.advance("1m")
    one.add(lambda: None, Every("1m"), id="new")
    other.add(lambda: None, Every("5m"), id="new")
    clock.advance("1m")
    assert warnings(one)[0].endswith("different triggers for new")
    other.remove("new")
    clock.advance("1m")
    assert warnings(one) == ()


def test_an_edit_is_no_difference_for_all_follow_it(host, clock):
    one, other = host(a=Every("1h")), host(a=Every("1h"))
    one.reschedule("a", Every("5m"))
    clock.advance("1m")
    assert warnings(one) == warnings(other) == ()


def test_another_version_of_the_zone_database_is_a_warning(host, clock, tmp_path, zone_folders):
    one = host(a=Every("1h"))
    folder = tmp_path / "zones"
    folder.mkdir()
    (folder / "UTC").touch()
    (folder / "tzdata.zi").write_text("# version 1999z\nR x\n")
    clock.advance("11s")
    before = tzdata_version()
    zone_folders(folder)
    other = host(a=Every("1h"))
    clock.advance("1m")
    assert warnings(other) == (
        f"the zone database of {owner(other)} is 1999z, that of {owner(one)} is {before}",
    )


def test_who_was_taken_for_lost_publishes_again(host, clock, tmp_path):
    one, other = host(a=Every("1h")), host(a=Every("2h"))
    clock.advance("1m")
    store = SQLiteStore(tmp_path / "state.db")
    store.expire(owner(other), None, lambda run: None)
    clock.advance("1m")
    assert set(store.published()) == {owner(one), owner(other)}
    assert warnings(one)


def test_the_version_of_the_zone_database_looks_like_one():
    assert re.fullmatch(r"20\d\d[a-z]", tzdata_version())


@pytest.mark.parametrize(
    ("files", "version"),
    [
        ({"UTC": "", "tzdata.zi": "# version 2024a\n# more"}, "2024a"),
        ({"UTC": "", "tzdata.zi": "something else"}, None),
        ({"UTC": ""}, None),
    ],
)
def test_the_version_is_that_of_the_folder_zones_are_read_from(
    tmp_path, zone_folders, files, version
):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    zone_folders("/nowhere", tmp_path)
    assert tzdata_version() == version


def test_without_a_folder_it_is_that_of_the_package(zone_folders):
    pytest.importorskip("tzdata")
    import tzdata

    zone_folders()
    assert tzdata_version() == tzdata.IANA_VERSION

"""A sentence that says when an expression fires.

It reads the field sets and not the text, so that expressions that say the same in different words
get one sentence, and no spelling can be missed. What a set is, a single value, a run, every n-th
or just a list, decides the phrase; the words are in `_languages`.
"""

from __future__ import annotations

from cronkit._convert import choice
from cronkit.cron._fields import DAY, FIRST_YEAR, HOUR, MINUTE, MONTH, SECOND, WEEKDAY
from cronkit.cron._languages import LANGUAGES
from cronkit.cron._patterns import SHORTEST_RUN, run_of, spread_of, step_of
from cronkit.cron._search import members

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import tzinfo

    from cronkit.cron._fields import FieldSets
    from cronkit.cron._languages import Language

_MOST_TIMES = 5
"""More times of a day than this are described, not listed."""


def sentence_of(sets: FieldSets, zone: tzinfo | None, lang: str) -> str:
    """Return when field sets fire, in words; with the zone, if they have one of their own.

    Raises:
        PolicyError: the language is not known.
    """
    words = LANGUAGES[choice(lang, "lang", tuple(LANGUAGES))]
    sentence = _sentence(sets, words)
    return sentence if zone is None else words.say("zone", sentence=sentence, zone=zone)


def _sentence(sets: FieldSets, words: Language) -> str:
    text, is_long, is_all_day = _time(sets, words)
    days, months = _days(sets, words), _months(sets, words)
    if _is_date(sets):
        days, months = _date(sets, words), ""
    elif not days and not is_all_day:
        days = words.phrases["every_day"]
    for phrase in filter(None, (days, months, _years(sets, words))):
        text += f"{',' if is_long else ''} {phrase}"
        is_long = is_long or "," in phrase or sets.either
    return text


# --- numbers ------------------------------------------------------------------------------------


def _numbers(numbers: tuple[int, ...], words: Language, *, counted: bool = False) -> str:
    """Return numbers in a row, those that follow one another as ``"10 to 20"``."""
    pieces = []
    rest = list(numbers)
    while rest:
        end = 1
        while end < len(rest) and rest[end] == rest[0] + end:
            end += 1
        taken = end if end >= SHORTEST_RUN else 1
        shown = [words.counted(n) if counted else str(n) for n in rest[:taken]]
        pieces.append(shown[0] if taken == 1 else words.say("span", a=shown[0], b=shown[-1]))
        rest = rest[taken:]
    return words.listed(pieces)


# --- the time of day ----------------------------------------------------------------------------


def _time(sets: FieldSets, words: Language) -> tuple[str, bool, bool]:
    """Return the phrase for the time of day.

    With it come whether it wants a pause behind it, and whether it says of itself that it goes on
    all day.
    """
    seconds, minutes, hours = members(sets.second), members(sets.minute), members(sets.hour)
    if len(seconds) * len(minutes) * len(hours) <= _MOST_TIMES:
        times = [
            f"{hour:02}:{minute:02}" + (f":{second:02}" if seconds != (0,) else "")
            for hour in hours
            for minute in minutes
            for second in seconds
        ]
        return words.say("at", times=words.listed(times)), False, False
    if seconds == (0,):
        phrase = _every(minutes, hours, words)
        if phrase:
            return phrase, False, True
        phrase = _between(minutes, hours, words)
        if phrase:
            return phrase, True, False
    is_all_day = len(hours) == HOUR.size
    return _nested(seconds, minutes, hours, words), not is_all_day, is_all_day


def _every(minutes: tuple[int, ...], hours: tuple[int, ...], words: Language) -> str:
    """Return a phrase for what goes on evenly all day; empty if it does not."""
    if len(hours) == HOUR.size:
        step = spread_of(minutes, MINUTE.size)
        if step > 1:
            return words.units["minute"]["every_n"].format(n=step)
        if step == 1 or minutes == (0,):
            return words.units["minute" if step else "hour"]["every"]
    elif minutes == (0,) and spread_of(hours, HOUR.size):
        return words.units["hour"]["every_n"].format(n=spread_of(hours, HOUR.size))
    return ""


def _between(minutes: tuple[int, ...], hours: tuple[int, ...], words: Language) -> str:
    """Return a phrase for what goes on evenly from one time of day to another; or nothing."""
    step = spread_of(minutes, MINUTE.size)
    run = run_of(hours, HOUR.size, 1 if step else SHORTEST_RUN)
    if run and step:
        every = words.units["minute"]
        start, end = f"{run[0]:02}:00", f"{run[1]:02}:{MINUTE.size - step:02}"
    elif len(minutes) == 1 and (run or step_of(hours) > 1):
        every, step = words.units["hour"], 1 if run else step_of(hours)
        first, last = run or (hours[0], hours[-1])
        start, end = f"{first:02}:{minutes[0]:02}", f"{last:02}:{minutes[0]:02}"
    else:
        return ""
    what = every["every"] if step == 1 else every["every_n"].format(n=step)
    return words.say("every_from", every=what, a=start, b=end)


def _nested(
    seconds: tuple[int, ...], minutes: tuple[int, ...], hours: tuple[int, ...], words: Language
) -> str:
    """Return a phrase that goes from the smallest unit to the largest: true of any three sets."""
    levels = [("minute", minutes, MINUTE.size), ("hour", hours, HOUR.size)]
    if seconds != (0,):
        levels.insert(0, ("second", seconds, SECOND.size))
    unit, numbers, size = levels[0]
    text = _leading(unit, numbers, size, words)
    # "every 10 seconds" says of itself that each minute and each hour is meant.
    is_said = spread_of(numbers, size) > 0
    for unit, numbers, size in levels[1:]:
        if len(numbers) < size:
            text += _following(unit, numbers, words)
            is_said = False
        elif not is_said:
            text += words.units[unit]["of"]
            is_said = True
    return text


def _leading(unit: str, numbers: tuple[int, ...], size: int, words: Language) -> str:
    say = words.units[unit]
    if len(numbers) == size:
        return say["every"]
    if spread_of(numbers, size):
        return say["every_n"].format(n=spread_of(numbers, size))
    if step_of(numbers) > 1:
        return say["every_n_from"].format(n=step_of(numbers), a=numbers[0], b=numbers[-1])
    return say["at_one" if len(numbers) == 1 else "at_many"].format(x=_numbers(numbers, words))


def _following(unit: str, numbers: tuple[int, ...], words: Language) -> str:
    say = words.units[unit]
    step = step_of(numbers)
    if step > 1:
        nth = words.counted(step)
        return say["of_nth"].format(n=step, nth=nth, a=numbers[0], b=numbers[-1])
    return say["of_one" if len(numbers) == 1 else "of_many"].format(x=_numbers(numbers, words))


# --- the date -----------------------------------------------------------------------------------


def _days(sets: FieldSets, words: Language) -> str:
    """Return the phrase for the days; empty if every day will do."""
    any_day, any_weekday = sets.day == DAY.full, sets.weekday == WEEKDAY.full
    if (any_day or any_weekday) and (sets.either or any_day == any_weekday):
        return ""
    days = [] if any_day else _month_days(sets, words)
    if any_weekday:
        return words.say("on", days=words.listed(days))
    weekdays = _weekdays(sets, words)
    if any_day:
        return weekdays
    monthly = words.say("on", days=words.listed(days))
    if sets.either:
        return words.listed([monthly, weekdays], "or")
    named = _weekday_names(sets, "a_weekday", words)
    return words.say("if", days=monthly, weekdays=words.listed(named, "or"))


def _month_days(sets: FieldSets, words: Language) -> list[str]:
    """Return a phrase for each kind of day of the month."""
    found = []
    plain = members(sets.day)
    step, run = step_of(plain), run_of(plain, DAY.size + 1)
    if step > 1:
        ends = {"a": words.counted(plain[0]), "b": words.counted(plain[-1])}
        found.append(words.say("nth_days", n=step, nth=words.counted(step), **ends))
    elif run:
        found.append(words.say("the_span", a=run[0], b=run[1]))
    elif plain:
        key = "the_day" if len(plain) == 1 else "the_days"
        found.append(words.say(key, days=_numbers(plain, words, counted=True)))
    found += [_back("day", back, words) for back in members(sets.last_days)]
    found += [words.say("workday", day=words.counted(day)) for day in members(sets.workdays)]
    return found + [_back("workday", back, words) for back in members(sets.last_workdays)]


def _back(what: str, back: int, words: Language) -> str:
    """Return the phrase for ``L`` or ``L-n``, or for the working day near it."""
    key = (
        f"last_{what}"
        if not back
        else f"{what}_before_last"
        if back == 1
        else f"{what}_before_last_n"
    )
    return words.say(key, nth=words.counted(back))


def _weekdays(sets: FieldSets, words: Language) -> str:
    run = run_of(members(sets.weekday), WEEKDAY.size)
    if run and not sets.nth_weekdays and not sets.last_weekdays:
        first, last = (words.weekdays[day] for day in run)
        return words.say("weekday_span", a=first, b=last)
    return words.say("on", days=words.listed(_weekday_names(sets, "weekday", words)))


def _weekday_names(sets: FieldSets, key: str, words: Language) -> list[str]:
    """Return a phrase for each weekday, Monday first and Sunday last."""
    names = words.weekdays
    plain = sorted(members(sets.weekday), key=lambda day: (day - 1) % 7)
    found = [words.say(key, weekday=names[day]) for day in plain]
    for bit in members(sets.nth_weekdays):
        nth = words.nth[bit // 7]
        found.append(words.say("nth_weekday", nth=nth, weekday=names[bit % 7]))
    return found + [
        words.say("last_weekday", weekday=names[day]) for day in members(sets.last_weekdays)
    ]


def _is_date(sets: FieldSets) -> bool:
    """Return whether the days are a date or two of one month: ``25 December``."""
    special = sets.last_days or sets.workdays or sets.last_workdays
    return (
        sets.weekday == WEEKDAY.full
        and not special
        and not sets.either
        and 0 < sets.day.bit_count() < SHORTEST_RUN
        and sets.month.bit_count() == 1
    )


def _date(sets: FieldSets, words: Language) -> str:
    days, (month,) = members(sets.day), members(sets.month)
    return words.say(
        "date" if len(days) == 1 else "dates",
        days=words.listed([words.counted(day) for day in days]),
        month=words.months[month - 1],
    )


def _months(sets: FieldSets, words: Language) -> str:
    months = members(sets.month)
    if len(months) == MONTH.size:
        return ""
    run = run_of(tuple(month - 1 for month in months), MONTH.size)
    if run:
        return words.say("month_span", start=words.months_from[run[0]], end=words.months[run[1]])
    return words.say(
        "in_months", months=words.listed([words.months[month - 1] for month in months])
    )


def _years(sets: FieldSets, words: Language) -> str:
    if sets.year is None:
        return ""
    years = tuple(FIRST_YEAR + bit for bit in members(sets.year))
    step = step_of(years)
    if step > 1:
        return words.say("nth_years", n=step, nth=words.counted(step), a=years[0], b=years[-1])
    return words.say("in_year" if len(years) == 1 else "in_years", years=_numbers(years, words))

"""The languages that `describe` speaks, as data: names, and sentences with gaps to fill.

It knows no grammar of cron. Another language is another `Language` of the same keys; whatever order
of words it needs goes into its templates.
"""

from __future__ import annotations


class Language:
    """The words of one language.

    Attributes:
        months: January to December.
        weekdays: Sunday to Saturday.
        nth: first to fifth.
        endings: what follows a number that counts (``1`` to ``"st"``); ``""`` where not listed.
        other_ending: what follows a counting number that is not in `endings`.
        months_from: as `months`, behind the word for *from*.
        units: for second, minute and hour the templates of `UNIT_KEYS`.
        phrases: the templates of all other phrases, by key.
    """

    __slots__ = (
        "endings",
        "months",
        "months_from",
        "nth",
        "other_ending",
        "phrases",
        "units",
        "weekdays",
    )

    def __init__(
        self,
        *,
        months: tuple[str, ...],
        months_from: tuple[str, ...],
        weekdays: tuple[str, ...],
        nth: tuple[str, ...],
        endings: dict[int, str],
        other_ending: str,
        units: dict[str, dict[str, str]],
        phrases: dict[str, str],
    ) -> None:
        self.months = months
        self.months_from = months_from
        self.weekdays = weekdays
        self.nth = nth
        self.endings = endings
        self.other_ending = other_ending
        self.units = units
        self.phrases = phrases

    def counted(self, number: int) -> str:
        """Return a number that counts: ``"2nd"``, ``"1er"``."""
        return f"{number}{self.endings.get(number, self.other_ending)}"

    def listed(self, words: list[str], last: str = "and") -> str:
        """Return words in a row, with the word for *and* or *or* before the last one."""
        if len(words) == 1:
            return words[0]
        return f"{', '.join(words[:-1])} {self.phrases[last]} {words[-1]}"

    def say(self, key: str, **gaps: object) -> str:
        """Return a phrase with its gaps filled."""
        return self.phrases[key].format(**gaps)


UNIT_KEYS = (
    "every",
    "every_n",
    "every_n_from",
    "at_one",
    "at_many",
    "of",
    "of_one",
    "of_many",
    "of_nth",
)
"""Each unit says: every one; every n-th; the same from a to b; at one or many of them; and, behind
a smaller unit: of every one, of one, of many, of every n-th."""


def _english_unit(unit: str) -> dict[str, str]:
    return {
        "every": f"every {unit}",
        "every_n": f"every {{n}} {unit}s",
        "every_n_from": f"every {{n}} {unit}s from {unit} {{a}} to {unit} {{b}}",
        "at_one": f"at {unit} {{x}}",
        "at_many": f"at {unit}s {{x}}",
        "of": f" of every {unit}",
        "of_one": f" of {unit} {{x}}",
        "of_many": f" of {unit}s {{x}}",
        "of_nth": f" of every {{nth}} {unit} from {{a}} to {{b}}",
    }


def _french_unit(unit: str, of: str) -> dict[str, str]:
    return {
        "every": f"toutes les {unit}s",
        "every_n": f"toutes les {{n}} {unit}s",
        "every_n_from": f"toutes les {{n}} {unit}s de {of}{unit} {{a}} à {of}{unit} {{b}}",
        "at_one": f"à la {unit} {{x}}",
        "at_many": f"aux {unit}s {{x}}",
        "of": f" de chaque {unit}",
        "of_one": f" de {of}{unit} {{x}}",
        "of_many": f" des {unit}s {{x}}",
        "of_nth": f" d'une {unit} sur {{n}} de {{a}} à {{b}}",
    }


_ENGLISH = Language(
    months=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    months_from=(
        "from January",
        "from February",
        "from March",
        "from April",
        "from May",
        "from June",
        "from July",
        "from August",
        "from September",
        "from October",
        "from November",
        "from December",
    ),
    weekdays=("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
    nth=("first", "second", "third", "fourth", "fifth"),
    endings={
        **dict.fromkeys((1, 21, 31, 41, 51), "st"),
        **dict.fromkeys((2, 22, 32, 42, 52), "nd"),
        **dict.fromkeys((3, 23, 33, 43, 53), "rd"),
    },
    other_ending="th",
    units={unit: _english_unit(unit) for unit in ("second", "minute", "hour")},
    phrases={
        "and": "and",
        "or": "or",
        "span": "{a} to {b}",
        "at": "at {times}",
        "every_from": "{every} from {a} to {b}",
        "every_day": "every day",
        "on": "on {days}",
        "the_day": "the {days} of the month",
        "the_days": "the {days} of the month",
        "the_span": "days {a} to {b} of the month",
        "nth_days": "every {nth} day of the month from the {a} to the {b}",
        "last_day": "the last day of the month",
        "day_before_last": "the day before the last day of the month",
        "day_before_last_n": "the {nth} day before the last day of the month",
        "workday": "the working day nearest to the {day} of the month",
        "last_workday": "the last working day of the month",
        "workday_before_last": "the working day nearest to the day before the last day of the month",
        "workday_before_last_n": (
            "the working day nearest to the {nth} day before the last day of the month"
        ),
        "weekday": "{weekday}",
        "a_weekday": "a {weekday}",
        "weekday_span": "from {a} to {b}",
        "nth_weekday": "the {nth} {weekday} of the month",
        "last_weekday": "the last {weekday} of the month",
        "if": "{days}, if that is {weekdays}",
        "date": "on the {days} of {month}",
        "dates": "on the {days} of {month}",
        "in_months": "in {months}",
        "month_span": "{start} to {end}",
        "in_year": "in {years}",
        "in_years": "in the years {years}",
        "nth_years": "in every {nth} year from {a} to {b}",
        "zone": "{sentence}, in the zone {zone}",
    },
)

_FRENCH = Language(
    months=(
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ),
    months_from=(
        "de janvier",
        "de février",
        "de mars",
        "d'avril",
        "de mai",
        "de juin",
        "de juillet",
        "d'août",
        "de septembre",
        "d'octobre",
        "de novembre",
        "de décembre",
    ),
    weekdays=("dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"),
    nth=("premier", "deuxième", "troisième", "quatrième", "cinquième"),
    endings={1: "er"},
    other_ending="",
    units={
        "second": _french_unit("seconde", "la "),
        "minute": _french_unit("minute", "la "),
        "hour": _french_unit("heure", "l'"),
    },
    phrases={
        "and": "et",
        "or": "ou",
        "span": "{a} à {b}",
        "at": "à {times}",
        "every_from": "{every} de {a} à {b}",
        "every_day": "tous les jours",
        "on": "{days}",
        "the_day": "le {days} du mois",
        "the_days": "les {days} du mois",
        "the_span": "les jours {a} à {b} du mois",
        "nth_days": "un jour sur {n} du {a} au {b} du mois",
        "last_day": "le dernier jour du mois",
        "day_before_last": "l'avant-dernier jour du mois",
        "day_before_last_n": "le {nth}e jour avant le dernier jour du mois",
        "workday": "le jour ouvré le plus proche du {day} du mois",
        "last_workday": "le dernier jour ouvré du mois",
        "workday_before_last": "le jour ouvré le plus proche de l'avant-dernier jour du mois",
        "workday_before_last_n": (
            "le jour ouvré le plus proche du {nth}e jour avant le dernier jour du mois"
        ),
        "weekday": "le {weekday}",
        "a_weekday": "un {weekday}",
        "weekday_span": "du {a} au {b}",
        "nth_weekday": "le {nth} {weekday} du mois",
        "last_weekday": "le dernier {weekday} du mois",
        "if": "{days}, si c'est {weekdays}",
        "date": "le {days} {month}",
        "dates": "les {days} {month}",
        "in_months": "en {months}",
        "month_span": "{start} à {end}",
        "in_year": "en {years}",
        "in_years": "dans les années {years}",
        "nth_years": "une année sur {n} de {a} à {b}",
        "zone": "{sentence}, dans le fuseau {zone}",
    },
)

LANGUAGES = {"en": _ENGLISH, "fr": _FRENCH}

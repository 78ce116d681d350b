"""describe: a sentence for every expression, in English and in French."""

from __future__ import annotations

import string
import subprocess
import sys

import pytest

from cronkit.cron import CronExpression, CronSyntaxError, describe
from cronkit.cron._languages import LANGUAGES, UNIT_KEYS
from cronkit.errors import PolicyError

SENTENCES = [
    # what goes on all day
    ("* * * * *", "every minute", "toutes les minutes"),
    ("*/15 * * * *", "every 15 minutes", "toutes les 15 minutes"),
    ("0,30 * * * *", "every 30 minutes", "toutes les 30 minutes"),
    ("@hourly", "every hour", "toutes les heures"),
    ("0 */2 * * *", "every 2 hours", "toutes les 2 heures"),
    ("* * * * * *", "every second", "toutes les secondes"),
    ("*/10 * * * * *", "every 10 seconds", "toutes les 10 secondes"),
    # the time of day
    ("0 9 * * *", "at 09:00 every day", "à 09:00 tous les jours"),
    ("0 9,17 * * *", "at 09:00 and 17:00 every day", "à 09:00 et 17:00 tous les jours"),
    ("15 30 9 * * *", "at 09:30:15 every day", "à 09:30:15 tous les jours"),
    (
        "0 */6 * * *",
        "at 00:00, 06:00, 12:00 and 18:00 every day",
        "à 00:00, 06:00, 12:00 et 18:00 tous les jours",
    ),
    (
        "*/15 9-17 * * *",
        "every 15 minutes from 09:00 to 17:45, every day",
        "toutes les 15 minutes de 09:00 à 17:45, tous les jours",
    ),
    (
        "* 9 * * *",
        "every minute from 09:00 to 09:59, every day",
        "toutes les minutes de 09:00 à 09:59, tous les jours",
    ),
    (
        "* 22-2 * * *",
        "every minute from 22:00 to 02:59, every day",
        "toutes les minutes de 22:00 à 02:59, tous les jours",
    ),
    (
        "30 */2 * * *",
        "every 2 hours from 00:30 to 22:30, every day",
        "toutes les 2 heures de 00:30 à 22:30, tous les jours",
    ),
    (
        "15 9-17 * * *",
        "every hour from 09:15 to 17:15, every day",
        "toutes les heures de 09:15 à 17:15, tous les jours",
    ),
    ("5 * * * *", "at minute 5 of every hour", "à la minute 5 de chaque heure"),
    (
        "5,10,20-30 * * * *",
        "at minutes 5, 10 and 20 to 30 of every hour",
        "aux minutes 5, 10 et 20 à 30 de chaque heure",
    ),
    (
        "*/7 * * * *",
        "every 7 minutes from minute 0 to minute 56 of every hour",
        "toutes les 7 minutes de la minute 0 à la minute 56 de chaque heure",
    ),
    (
        "5,10 9-17 * * *",
        "at minutes 5 and 10 of hours 9 to 17, every day",
        "aux minutes 5 et 10 des heures 9 à 17, tous les jours",
    ),
    (
        "* 9,13,14 * * *",
        "every minute of hours 9, 13 and 14, every day",
        "toutes les minutes des heures 9, 13 et 14, tous les jours",
    ),
    ("30 * * * * *", "at second 30 of every minute", "à la seconde 30 de chaque minute"),
    (
        "30 5 * * * *",
        "at second 30 of minute 5 of every hour",
        "à la seconde 30 de la minute 5 de chaque heure",
    ),
    (
        "30 * 9 * * *",
        "at second 30 of every minute of hour 9, every day",
        "à la seconde 30 de chaque minute de l'heure 9, tous les jours",
    ),
    (
        "*/10 5 9-17 * * *",
        "every 10 seconds of minute 5 of hours 9 to 17, every day",
        "toutes les 10 secondes de la minute 5 des heures 9 à 17, tous les jours",
    ),
    (
        "1-5,30 2/7 */3 * * *",
        ("at seconds 1 to 5 and 30 of every 7th minute from 2 to 58 of every 3rd hour from 0 to 21, "
        "every day"),
        ("aux secondes 1 à 5 et 30 d'une minute sur 7 de 2 à 58 d'une heure sur 3 de 0 à 21, "
        "tous les jours"),
    ),
    # days of the month
    ("0 0 1 * *", "at 00:00 on the 1st of the month", "à 00:00 le 1er du mois"),
    (
        "0 0 2,3,15,22 * *",
        "at 00:00 on the 2nd, 3rd, 15th and 22nd of the month",
        "à 00:00 les 2, 3, 15 et 22 du mois",
    ),
    ("0 0 1-7 * *", "at 00:00 on days 1 to 7 of the month", "à 00:00 les jours 1 à 7 du mois"),
    (
        "0 0 1-7,20 * *",
        "at 00:00 on the 1st to 7th and 20th of the month",
        "à 00:00 les 1er à 7 et 20 du mois",
    ),
    (
        "0 0 */2 * *",
        "at 00:00 on every 2nd day of the month from the 1st to the 31st",
        "à 00:00 un jour sur 2 du 1er au 31 du mois",
    ),
    ("0 0 L * *", "at 00:00 on the last day of the month", "à 00:00 le dernier jour du mois"),
    (
        "0 0 L-1 * *",
        "at 00:00 on the day before the last day of the month",
        "à 00:00 l'avant-dernier jour du mois",
    ),
    (
        "0 0 L-3 * *",
        "at 00:00 on the 3rd day before the last day of the month",
        "à 00:00 le 3e jour avant le dernier jour du mois",
    ),
    (
        "0 0 15W * *",
        "at 00:00 on the working day nearest to the 15th of the month",
        "à 00:00 le jour ouvré le plus proche du 15 du mois",
    ),
    (
        "0 0 LW * *",
        "at 00:00 on the last working day of the month",
        "à 00:00 le dernier jour ouvré du mois",
    ),
    (
        "0 0 1,L-1W,L-3W * *",
        ("at 00:00 on the 1st of the month, the working day nearest to the day before the last day "
        "of the month and the working day nearest to the 3rd day before the last day of the month"),
        ("à 00:00 le 1er du mois, le jour ouvré le plus proche de l'avant-dernier jour du mois et "
        "le jour ouvré le plus proche du 3e jour avant le dernier jour du mois"),
    ),
    # weekdays
    ("0 9 * * MON", "at 09:00 on Monday", "à 09:00 le lundi"),
    ("0 9 ? * 7", "at 09:00 on Sunday", "à 09:00 le dimanche"),
    (
        "0 9 * * MON-FRI",
        "at 09:00 from Monday to Friday",
        "à 09:00 du lundi au vendredi",
    ),
    ("0 9 * * FRI-MON", "at 09:00 from Friday to Monday", "à 09:00 du vendredi au lundi"),
    (
        "0 9 * * SUN,WED,MON",
        "at 09:00 on Monday, Wednesday and Sunday",
        "à 09:00 le lundi, le mercredi et le dimanche",
    ),
    ("0 9 * * 6,0", "at 09:00 on Saturday and Sunday", "à 09:00 le samedi et le dimanche"),
    (
        "0 9 * * MON#2",
        "at 09:00 on the second Monday of the month",
        "à 09:00 le deuxième lundi du mois",
    ),
    (
        "0 9 * * 5L,TUE#1,SUN",
        "at 09:00 on Sunday, the first Tuesday of the month and the last Friday of the month",
        "à 09:00 le dimanche, le premier mardi du mois et le dernier vendredi du mois",
    ),
    # both day fields
    (
        "0 0 13 * FRI",
        "at 00:00 on the 13th of the month or on Friday",
        "à 00:00 le 13 du mois ou le vendredi",
    ),
    (
        "0 0 13 6 FRI",
        "at 00:00 on the 13th of the month or on Friday, in June",
        "à 00:00 le 13 du mois ou le vendredi, en juin",
    ),
    (
        "0 0 1-7 * */7",
        "at 00:00 on days 1 to 7 of the month, if that is a Sunday",
        "à 00:00 les jours 1 à 7 du mois, si c'est un dimanche",
    ),
    (
        "0 0 */10 2 MON,5L",
        ("at 00:00 on every 10th day of the month from the 1st to the 31st, if that is a Monday or "
        "the last Friday of the month, in February"),
        ("à 00:00 un jour sur 10 du 1er au 31 du mois, si c'est un lundi ou le dernier vendredi "
        "du mois, en février"),
    ),
    ("0 0 1-31 * MON", "at 00:00 every day", "à 00:00 tous les jours"),
    ("0 0 1 * 0-6", "at 00:00 every day", "à 00:00 tous les jours"),
    # months and years
    ("0 0 25 12 *", "at 00:00 on the 25th of December", "à 00:00 le 25 décembre"),
    ("0 0 1,15 1 *", "at 00:00 on the 1st and 15th of January", "à 00:00 les 1er et 15 janvier"),
    (
        "0 0 1 1,4,7,10 *",
        "at 00:00 on the 1st of the month in January, April, July and October",
        "à 00:00 le 1er du mois en janvier, avril, juillet et octobre",
    ),
    ("0 0 * 4-10 *", "at 00:00 every day from April to October", "à 00:00 tous les jours d'avril à octobre"),
    ("0 0 * 11-2 MON", "at 00:00 on Monday from November to February", "à 00:00 le lundi de novembre à février"),
    ("* * * 4 *", "every minute in April", "toutes les minutes en avril"),
    ("0 0 9 * * * 2027", "at 09:00 every day in 2027", "à 09:00 tous les jours en 2027"),
    (
        "0 0 9 1 1 * 2027-2030,2040",
        "at 09:00 on the 1st of January in the years 2027 to 2030 and 2040",
        "à 09:00 le 1er janvier dans les années 2027 à 2030 et 2040",
    ),
    (
        "0 0 9 * 1 MON 2027/2",
        "at 09:00 on Monday in January in every 2nd year from 2027 to 2099",
        "à 09:00 le lundi en janvier une année sur 2 de 2027 à 2099",
    ),
    # a zone
    (
        "TZ=Europe/Paris 0 9 * * 1",
        "at 09:00 on Monday, in the zone Europe/Paris",
        "à 09:00 le lundi, dans le fuseau Europe/Paris",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("expr", "english", "french"), SENTENCES)
def test_the_sentence_says_when_it_fires(expr, english, french):
    assert describe(expr) == english
    assert describe(expr, lang="fr") == french


def test_an_expression_serves_as_well_as_its_text():
    assert describe(CronExpression.parse("0 9 * * MON")) == describe("0 9 * * MON")


def test_the_day_rule_is_in_the_sentence():
    joined = CronExpression.parse("0 0 13 * FRI", day_rule="and")
    assert describe(joined) == "at 00:00 on the 13th of the month, if that is a Friday"


@pytest.mark.parametrize("name", sorted(LANGUAGES))
def test_every_language_has_every_word(name):
    language, english = LANGUAGES[name], LANGUAGES["en"]
    assert set(language.phrases) == set(english.phrases)
    assert {unit: tuple(said) for unit, said in language.units.items()} == dict.fromkeys(
        ("second", "minute", "hour"), UNIT_KEYS
    )
    assert [len(language.months), len(language.months_from)] == [12, 12]
    assert [len(language.weekdays), len(language.nth)] == [7, 5]


@pytest.mark.parametrize("name", sorted(LANGUAGES))
def test_no_language_has_a_gap_that_english_has_not(name):
    def gaps(template: str) -> set[str | None]:
        return {gap for _, gap, _, _ in string.Formatter().parse(template)} - {None, "n", "nth"}

    english = LANGUAGES["en"]
    for key, template in LANGUAGES[name].phrases.items():
        assert gaps(template) == gaps(english.phrases[key]), key
    for unit, said in LANGUAGES[name].units.items():
        for key, template in said.items():
            assert gaps(template) == gaps(english.units[unit][key]), (unit, key)


@pytest.mark.parametrize(
    ("number", "english", "french"),
    [(1, "1st", "1er"), (2, "2nd", "2"), (3, "3rd", "3"), (11, "11th", "11"), (12, "12th", "12"),
     (13, "13th", "13"), (21, "21st", "21"), (22, "22nd", "22"), (23, "23rd", "23"), (31, "31st", "31")],
)  # fmt: skip
def test_numbers_count_as_the_language_does(number, english, french):
    assert LANGUAGES["en"].counted(number) == english
    assert LANGUAGES["fr"].counted(number) == french


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda: describe("75 * * * *"), CronSyntaxError, "minute: 75 is not in 0-59"),
        (lambda: describe("* * * * *", lang="de"), PolicyError, "lang: 'de'"),
        (lambda: describe("* * * * *", lang=None), PolicyError, "'en', 'fr'"),
        (lambda: describe(None), CronSyntaxError, "None is not text"),
    ],
)
def test_bad_input_is_refused_with_what_is_allowed(ask, error, words):
    with pytest.raises(error) as caught:
        ask()
    assert words in str(caught.value)


def test_the_expression_describes_itself():
    assert CronExpression.parse("0 9 * * MON").describe(lang="fr") == "à 09:00 le lundi"


def test_what_only_people_read_is_loaded_when_it_is_asked_for():
    script = (
        "import sys, cronkit.cron as cron\n"
        "late = {f'cronkit.cron.{name}' for name in ('_describe', '_sentence', '_explain')}\n"
        "print(late & set(sys.modules))\n"
        "cron.describe('* * * * *'), cron.explain, cron.OffsetChange\n"
        "print(late <= set(sys.modules), hasattr(cron, 'nothing'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\nTrue False\n"

"""``cronkit exports``: list and prune the files of an export folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit.cli._folders import connect, existing
from cronkit.cli._printing import answer, printable
from cronkit.exporters import ExportDirectory, Keep

if TYPE_CHECKING:
    import argparse

    from cronkit.exporters import ExportInfo


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a parser."""
    top = commands.add_parser("exports", help="the files of an export folder")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)

    listing = verbs.add_parser("ls", help="the exports that the manifest knows")
    listing.add_argument("folder", metavar="FOLDER", help="the folder of the exports")
    connect(listing, _list)

    text = "delete what the rule lets go, of each export never the newest"
    prune = connect(verbs.add_parser("prune", help=text), _prune)
    prune.add_argument("folder", metavar="FOLDER", help="the folder of the exports")
    prune.add_argument("--last", type=int, default=5, metavar="N", help="the newest (default: 5)")
    prune.add_argument("--within", metavar="TIME", help="keep what is not older, e.g. 30d")
    prune.add_argument("--total-size", type=int, metavar="BYTES", help="of each export")
    for word, period in (("daily", "days"), ("weekly", "weeks"), ("monthly", "months")):
        text = f"the newest of each of the last N {period} that have any"
        prune.add_argument(f"--{word}", type=int, default=0, metavar="N", help=text)
    prune.add_argument("--dry-run", action="store_true", help="only say what would go")


def _directory(arguments: argparse.Namespace, keep: Keep | None = None) -> ExportDirectory:
    return ExportDirectory(existing(arguments.folder, "FOLDER", "exports"), keep=keep)


def _list(arguments: argparse.Namespace) -> int:
    found = _directory(arguments).exports()
    facts = [
        {
            "path": str(each.path),
            "export": each.export,
            "serial": each.serial,
            "made_at": each.made_at.isoformat(),
            "rows": each.rows,
            "bytes": each.bytes,
            "sha256": each.sha256,
            "present": each.present,
        }
        for each in found
    ]
    answer(arguments, facts, [_line(each) for each in found] or ["no exports"])
    return 0


def _line(info: ExportInfo) -> str:
    rows = "-" if info.rows is None else info.rows
    gone = "" if info.present else "  (gone or changed)"
    return f"{printable(info.path.name)}  {rows} rows  {info.bytes} bytes{gone}"


def _prune(arguments: argparse.Namespace) -> int:
    keep = Keep(
        last=arguments.last,
        within=arguments.within,
        total_size=arguments.total_size,
        daily=arguments.daily,
        weekly=arguments.weekly,
        monthly=arguments.monthly,
    )
    deletions = _directory(arguments, keep).prune(dry_run=arguments.dry_run)
    facts = [{"path": str(each.path), "reason": each.reason} for each in deletions]
    lines = [f"{printable(each.path.name)}: {each.reason}" for each in deletions]
    count = f"{len(deletions)} {'would go' if arguments.dry_run else 'deleted'}"
    answer(arguments, facts, [*lines, count])
    return 0

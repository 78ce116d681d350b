"""``cronkit checkpoints``: list, show, verify and prune what long operations saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cronkit.checkpoints import CheckpointManager
from cronkit.cli._folders import connect, existing
from cronkit.cli._printing import answer, printable

if TYPE_CHECKING:
    import argparse
    from argparse import ArgumentParser
    from collections.abc import Callable

    from cronkit.checkpoints import OperationInfo

_DAMAGED = 1


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a parser."""
    top = commands.add_parser("checkpoints", help="what long operations saved")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name: str, text: str, run: Callable[[argparse.Namespace], int]) -> ArgumentParser:
        parser = verbs.add_parser(name, help=text)
        parser.add_argument(
            "--folder", metavar="PATH", default="checkpoints", help="default: ./checkpoints"
        )
        return connect(parser, run)

    listing = verb("ls", "operations, the interrupted ones among them", _list)
    listing.add_argument("--all", action="store_true", help="those that have ended too")

    show = verb("show", "the last checkpoint of one operation", _show)
    show.add_argument("operation", metavar="ID", help="its id, as ls shows it")

    verb("verify", "read every file; exit code 1 if one is damaged", _verify)

    prune = verb("prune", "remove what ended long ago, and what crashes left", _prune)
    prune.add_argument("--keep", metavar="TIME", default="30d", help="e.g. 30d (default)")
    prune.add_argument("--dry-run", action="store_true", help="only say what would go")


def _manager(arguments: argparse.Namespace, keep: str | None = None) -> CheckpointManager:
    folder = existing(arguments.folder, "--folder", "checkpoints")
    return CheckpointManager(folder, keep_finished=keep)


def _facts(info: OperationInfo) -> dict[str, object]:
    return {
        "id": info.id,
        "type": info.type,
        "key": info.key,
        "status": info.status,
        "reason": info.reason,
        "processed": info.progress.processed,
        "total": info.progress.total,
        "last_item": _plain(info.last_item),
        "created_at": info.created_at.isoformat() if info.created_at else None,
        "saved_at": info.saved_at.isoformat() if info.saved_at else None,
        "owner": info.owner,
        "damaged": [{"where": each.where, "reason": each.reason} for each in info.damaged],
    }


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def _list(arguments: argparse.Namespace) -> int:
    operations = _manager(arguments).operations(ended=arguments.all)
    lines = [_line(info) for info in operations] or ["no operations"]
    answer(arguments, [_facts(info) for info in operations], lines)
    return 0


def _line(info: OperationInfo) -> str:
    saved = f"{info.saved_at:%Y-%m-%d %H:%M:%S} UTC" if info.saved_at else "-"
    return f"{info.id}  {info.status}  {info.progress}  {saved}"


def _show(arguments: argparse.Namespace) -> int:
    manager = _manager(arguments)
    checkpoint = manager.get_last_checkpoint(arguments.operation)
    facts = {
        "id": checkpoint.operation,
        "type": checkpoint.type,
        "key": checkpoint.key,
        "seq": checkpoint.seq,
        "saved_at": checkpoint.saved_at.isoformat(),
        "processed": checkpoint.progress.processed,
        "total": checkpoint.progress.total,
        "last_item": _plain(checkpoint.last_item),
        "state_version": checkpoint.state_version,
    }
    lines = [
        *(
            f"{name}: {value!a}" if isinstance(value, str) else f"{name}: {value}"
            for name, value in facts.items()
        ),
        *(f"state[{key!a}] = {value!a}" for key, value in checkpoint.state.items()),
    ]
    state = {str(key): value for key, value in checkpoint.state.items()}
    answer(arguments, {**facts, "state": state}, lines)
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    damaged = _manager(arguments).verify()
    facts = [
        {"operation": each.operation, "where": each.where, "reason": each.reason}
        for each in damaged
    ]
    lines = [f"{printable(each.where)}: {each.reason}" for each in damaged]
    answer(arguments, facts, [*lines, f"{len(damaged)} damaged"])
    return _DAMAGED if damaged else 0


def _prune(arguments: argparse.Namespace) -> int:
    removals = _manager(arguments, arguments.keep).prune(dry_run=arguments.dry_run)
    facts = [{"where": each.where, "reason": each.reason} for each in removals]
    lines = [f"{printable(each.where)}: {each.reason}" for each in removals]
    count = f"{len(removals)} {'would go' if arguments.dry_run else 'removed'}"
    answer(arguments, facts, [*lines, count])
    return 0

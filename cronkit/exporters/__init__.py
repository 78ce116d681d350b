"""Exports: files that appear whole, under rising names, and of which only the newest stay.

`ExportDirectory` is a folder with its rules, `RotatingExporter` one export in it, `Keep` what
stays, `Format` how rows become bytes. Nothing here knows a scheduler, apart from recording a
result with the run that is going on.
"""

from __future__ import annotations

from cronkit._files._retention import Keep
from cronkit.exporters._csv import Csv
from cronkit.exporters._directory import ExportDirectory
from cronkit.exporters._formats import Format, FormatWriter
from cronkit.exporters._json import Json, JsonLines
from cronkit.exporters._markdown import Markdown
from cronkit.exporters._operation_export import OperationExport
from cronkit.exporters._options import FormatOptions
from cronkit.exporters._records import Deletion, ExportInfo, ExportProgress, ExportResult
from cronkit.exporters._rotating import RotatingExporter
from cronkit.exporters._text_export import TextExport

__all__ = [
    "Csv",
    "Deletion",
    "ExportDirectory",
    "ExportInfo",
    "ExportProgress",
    "ExportResult",
    "Format",
    "FormatOptions",
    "FormatWriter",
    "Json",
    "JsonLines",
    "Keep",
    "Markdown",
    "OperationExport",
    "RotatingExporter",
    "TextExport",
]

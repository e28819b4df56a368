"""Files and exports become entries, strictly.

::

    paths ─► discover ─► decode ─► jsonl | csv_table | markdown ─► convert ─► Entry
             which files  UTF-8,    rows with their line numbers    plain text,
                          CP932     (the seam: rows.Reader)         one entry a row

A bad row stops the load with a :class:`~suggest.errors.SourceError` that names file, line and field.
With ``skip_bad=FILE`` bad rows go to that file and the load goes on; a file that cannot be read as a
whole (encoding, cut-off gzip, missing headings) stops the load in either case.
"""

from __future__ import annotations

from suggest.sources.markdown import markdown_to_text
from suggest.sources.markup import html_to_text, plain_text, visible_text
from suggest.sources.reader import EntryReader, read_entries

__all__ = ["EntryReader", "html_to_text", "markdown_to_text", "plain_text", "read_entries", "visible_text"]

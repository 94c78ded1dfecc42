"""Makes pages light: the theme's search is fetched only when somebody searches.

The theme loads its search worker and the text of every page on each page. Here both move aside, and
a small worker, `assets/search.js`, takes the place of the theme's until the first query.
"""

import json
from pathlib import Path

from samplegen.files import write_file

_WORKERS = "assets/javascripts/workers/search.*.min.js"


def defer(site: Path, worker: bytes) -> bool:
    """Puts `worker` before the search of a built site.

    Returns:
        Whether there is a search of the kind that this knows: that of mkdocs-material.
    """
    index = site / "search/search_index.json"
    workers = list(site.glob(_WORKERS))
    if len(workers) != 1 or not index.is_file():
        return False
    (original,) = workers
    write_file(original.with_name("theme.js"), original.read_bytes())
    write_file(original, worker)
    found = json.loads(index.read_text(encoding="utf-8"))
    write_file(site / "search/texts.json", _json(found["docs"]))
    write_file(index, _json({**found, "docs": []}))
    return True


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

"""What there is to tell of what is served: logged when it is new, not at every look."""

import logging
from collections.abc import Collection, Sequence

log = logging.getLogger(__name__)


class Notices:
    """What was last logged of each model, or of each graph.

    Args:
        kind: What lines call one.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._told: dict[str, tuple[Sequence[str], str]] = {}

    def tell(self, name: str, warnings: Sequence[str], problem: str) -> None:
        """Log it unless it was before.

        Args:
            name: Of whom.
            warnings: What has no effect, or was left aside.
            problem: Why it is not served, if so.
        """
        if (warnings, problem) == self._told.get(name, ((), "")):
            return
        self._told[name] = (tuple(warnings), problem)
        for text in warnings:
            log.warning("%s %s: %s", self._kind, name, text)
        if problem:
            log.error("%s %s is not served: %s", self._kind, name, problem)

    def keep(self, names: Collection[str]) -> None:
        """Forget all others."""
        self._told = {name: told for name, told in self._told.items() if name in names}

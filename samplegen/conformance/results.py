"""What came of asking a server; `samplegen conform --json`. Its fields are public."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

Rule = Literal["KServe v2", "OVMS"]
"""Whose rule a server breaks: the protocol's, or only what OpenVINO Model Server does."""


@dataclass(frozen=True)
class Difference:
    """A request that a server answers otherwise than expected."""

    group: str
    """What the request is about."""
    name: str
    """Of the request; with `source`, the one of OpenVINO Model Server's test."""
    transport: str
    """`REST` or `gRPC`."""
    sent: str
    """The method and path, or the RPC and the model; then the body, cut."""
    expected: str
    """What is not so."""
    answered: str
    """The status and the text of the answer, cut."""
    rule: Rule
    """`KServe v2`: the protocol says so; `OVMS`: OpenVINO Model Server does so, others need not."""
    source: str
    """The place of the test; empty: the request is samplegen's own."""


@dataclass(frozen=True)
class NotTried:
    """Requests of one kind that were not sent."""

    group: str
    """What they are about."""
    transport: str
    """`REST` or `gRPC`."""
    reason: str
    """Why."""
    names: tuple[str, ...]
    """Of the requests."""


@dataclass(frozen=True)
class Conformance:
    """`samplegen conform --json`: how a server answers, beside how it should."""

    server: str
    """Its own name and version."""
    model: str
    """The model that was asked; empty: none."""
    sent: dict[str, int]
    """How many requests were sent, by what they are about."""
    differences: tuple[Difference, ...]
    """In the order in which they were sent."""
    not_tried: tuple[NotTried, ...]
    """What was not sent."""

    def of_the_protocol(self) -> "Conformance":
        """Without the differences from what only OpenVINO Model Server does."""
        kept = tuple(one for one in self.differences if one.rule == "KServe v2")
        return replace(self, differences=kept)

    def by_group(self) -> Iterable[tuple[str, int, list[Difference]]]:
        """Each group, how many requests of it were sent, and those answered otherwise."""
        for group, number in self.sent.items():
            yield group, number, [one for one in self.differences if one.group == group]

    def counts(self) -> Counter[Rule]:
        """How many differences there are of each rule."""
        return Counter(one.rule for one in self.differences)

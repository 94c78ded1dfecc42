"""What becomes of right answers: other values, or another layout."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from samplegen.judge.servers.proxy.carrying import Carried
from samplegen.judge.servers.proxy.changing import Changed, changed
from samplegen.judge.servers.proxy.decoding import Decoder
from samplegen.judge.servers.proxy.documents import (
    Document,
    Encoded,
    Style,
    at,
    completed,
    copied,
    refusal,
    resolved,
)
from samplegen.judge.servers.proxy.exchanges import Altered, Answer, Exchange, Path
from samplegen.judge.servers.proxy.kserve_tensors import side
from samplegen.judge.servers.proxy.layouts import headers_laid_out, laid_out
from samplegen.judge.servers.proxy.wrong_answers import with_layout


@dataclass(frozen=True, kw_only=True)
class Change:
    """Which values of which answers are changed."""

    seed: int
    places: Mapping[str, Sequence[Sequence[str]]]
    """By call, the places that the program prints; see `documents.resolved`. An empty place is all
    of the answer."""
    zeros: Mapping[str, Mapping[tuple[str, ...], Any]] = field(default_factory=dict)
    """By call and place, what an answer may leave out; it then holds another value all the same."""
    decoys: bool = False
    """Whether KServe's answers get two more outputs, before and behind the others."""


class Editor:
    """Changes right answers of a session.

    Args:
        decoder: Knows the API's messages.
        change: Which values change; None: none.
        layout: The seed of another layout; None: as it is.
        other_contents: Whether typed and raw contents change places in another layout.
    """

    def __init__(
        self,
        decoder: Decoder,
        change: Change | None,
        layout: int | None,
        *,
        other_contents: bool = True,
    ) -> None:
        self._decoder = decoder
        self._change = change
        self._layout = layout
        self._other_contents = other_contents
        self._numbers: Counter[int] = Counter()
        """By exchange, how many messages of its stream have passed."""
        self.carried = Carried(decoder)
        """What the program may send on of what it was given."""

    def split(self, exchange: Exchange) -> random.Random | None:
        """What cuts the answer into pieces."""
        if self._layout is None:
            return None
        return _rng(f"{self._layout}:{exchange.number}:pieces")

    def message(self, exchange: Exchange, message: bytes) -> bytes:
        document = self._decoder.message(exchange, message)
        if not self._decoder.gets_stream(exchange):
            return self._encoded(exchange, document).body
        number = self._numbers[exchange.number]
        self._numbers[exchange.number] += 1
        return self._encoded(exchange, document, (number,)).body

    def answer(self, exchange: Exchange, answer: Answer) -> Answer:
        is_printed = self._change is not None and exchange.call in self._change.places
        if not answer.body or (answer.status >= 300 and not is_printed):
            return answer
        encoded = self._encoded(exchange, self._decoder.answer(exchange, answer))
        given = with_layout(answer, encoded)
        if self._layout is None:
            return given
        headers = headers_laid_out(given.headers, f"{self._layout}:{exchange.number}:headers")
        return Answer(status=given.status, headers=headers, body=given.body)

    def details(self, exchange: Exchange, details: str) -> str:
        places = () if self._change is None else self._change.places.get(exchange.call, ())
        if self._change is None or len(places) != 1:
            return details  # a refusal that the operation does not ask for has no printed place
        (place,) = places
        document = refusal(details, place)
        seed = f"{self._change.seed}:{exchange.call}:{exchange.number}"
        made = changed(document, [tuple(place)], seed)
        exchange.changes = {**exchange.changes, **made.changes}
        return str(at(made.tree, tuple(place)))

    def _encoded(self, exchange: Exchange, document: Document, before: Path = ()) -> Encoded:
        """An answer, or of a stream the message whose number is `before`."""
        made = self._changed(exchange, document, before)
        layout = ":".join(map(str, (self._layout, exchange.number, *before)))
        if self._layout is not None:
            made = _with_outputs_shuffled(made, layout)
        changes = {(*before, *path): altered for path, altered in made.changes.items()}
        exchange.changes = {**exchange.changes, **changes}
        for altered in made.changes.values():
            self.carried.given(altered)
        if self._layout is None:
            return document.encode(made.tree, Style())
        return laid_out(document, layout, made.tree, other_contents=self._other_contents)

    def _changed(self, exchange: Exchange, document: Document, before: Path) -> Changed:
        if self._change is None or exchange.call not in self._change.places:
            return Changed(tree=document.tree)
        tree = document.tree
        for place, zero in _within(self._change.zeros.get(exchange.call, {}), before):
            tree = completed(tree, place, zero)
        document = replace(document, tree=tree)
        places: list[Path] = []
        printed = dict.fromkeys(map(tuple, self._change.places[exchange.call]))
        for words, _ in _within(printed, before):
            try:
                places += resolved(document.tree, words)
            except LookupError as error:
                exchange.problem = f"the answer could not be changed: {error}"
        numbers = (self._change.seed, exchange.call, exchange.number, *before)
        seed = ":".join(map(str, numbers))
        made = changed(document, places, seed)
        return _with_decoys(made, document, seed) if self._change.decoys else made


def _within(
    places: Mapping[tuple[str, ...], Any], before: Path
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The places below `before`, without it."""
    start = tuple(map(str, before))
    for place, known in places.items():
        if place[: len(start)] == start:
            yield place[len(start) :], known


def _with_decoys(made: Changed, document: Document, seed: str) -> Changed:
    """Outputs of the same datatype and shape stand first and last, with other elements."""
    if side(made.tree) != "outputs":
        return made
    first, last = (_decoy(made, document, f"{seed}:{name}", name) for name in ("raw", "last_raw"))
    count = len(made.tree["outputs"])
    tree = {**made.tree, "outputs": [first, *made.tree["outputs"], last]}
    changes = _moved(made.changes, range(1, count + 1))
    for place, decoy in ((0, first), (count + 1, last)):
        changes["outputs", place] = Altered(None, decoy)
    return Changed(tree=tree, changes=changes)


def _decoy(made: Changed, document: Document, seed: str, name: str) -> dict[str, Any]:
    others = changed(replace(document, tree=made.tree), [("outputs", 0, "data")], seed)
    decoy: dict[str, Any] = copied(others.tree["outputs"][0])
    return {**decoy, "name": f"{decoy['name']}_{name}"}


def _with_outputs_shuffled(made: Changed, seed: str) -> Changed:
    """The tensors in another order; they go by name."""
    if side(made.tree) != "outputs":
        return made
    outputs = made.tree["outputs"]
    places = _rng(seed).sample(range(len(outputs)), len(outputs))
    shuffled = [outputs[places.index(place)] for place in range(len(outputs))]
    return Changed(tree={**made.tree, "outputs": shuffled}, changes=_moved(made.changes, places))


def _moved(changes: Mapping[Path, Altered], places: Sequence[int]) -> dict[Path, Altered]:
    """The changes, of which those of the n-th output are now at `places[n]`."""
    return {
        ("outputs", places[int(path[1])], *path[2:]) if path[:1] == ("outputs",) else path: altered
        for path, altered in changes.items()
    }


def _rng(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311  (no secret)

"""The parts of the starter that need no world."""

import os
import socket
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samplegen.judge.machine.starter import messages, network, processes, traces
from samplegen.judge.machine.starter.messages import Ended, Leftover, Limits, Order, Usage
from samplegen.judge.machine.starter.traces import Folders

# Messages.

TEXT = st.text(max_size=50)
ENDED = st.builds(
    Ended,
    status=st.none() | st.integers(-64, 255),
    exceeded=st.sampled_from(["", "time", "memory", "processes", "output"]),
    stdout=TEXT,
    stderr=TEXT,
    left=st.lists(
        st.builds(Leftover, TEXT, TEXT, st.sampled_from(["new", "changed"]), st.booleans())
    ).map(tuple),
    called=st.lists(TEXT).map(tuple),
    usage=st.builds(Usage, st.floats(0, 100), st.floats(0, 100), st.integers(0, 2**40)),
)


@given(ended=ENDED)
def test_message_arrives(ended: Ended) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        messages.send(ours, ended)
        fields, _ = messages.receive(theirs)
    assert messages.ended(fields) == ended


def test_order_arrives_with_files(tmp_path: Path) -> None:
    order = Order("user", 1, 2, [3], "/root", {"a": "/b"}, ["/c"], [9000], ["host"], Limits(cpu=1))
    ours, theirs = socket.socketpair()
    with ours, theirs, (tmp_path / "file").open("w+") as stream:
        messages.send(ours, order, [stream.fileno()])
        fields, (received,) = messages.receive(theirs, 1)
        assert os.path.sameopenfile(received, stream.fileno())
        os.close(received)
    assert messages.order(fields) == order


@pytest.mark.parametrize("sent", [b"", b"\0\0", b"\0\0\0\5[1"])
def test_end_in_the_middle(sent: bytes) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            ours.sendall(sent)
        with pytest.raises(EOFError, match="ended"):
            messages.receive(theirs)


# What is left.

NAMES = st.sampled_from(["a", "b", "a/c", "a/d", "b/c"])
TREES = st.dictionaries(NAMES, st.none() | st.binary(max_size=3))
"""What lies at each path: a file's content, or None for a folder."""


def write(folder: Path, tree: dict[str, bytes | None]) -> dict[str, bytes | None]:
    """Makes a tree; returns all that lies there then."""
    made: dict[str, bytes | None] = {}
    for name, content in sorted(tree.items()):
        path = folder / name
        if made.get(str(Path(name).parent), b"") is not None and "/" in name:
            if str(Path(name).parent) in made:
                continue  # a file
            path.parent.mkdir()
            made[str(Path(name).parent)] = None
        if content is None:
            path.mkdir()
        else:
            path.write_bytes(content)
        made[name] = content
    return made


@given(before=TREES, after=TREES)
def test_every_change_is_found(
    before: dict[str, bytes | None],
    after: dict[str, bytes | None],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    looks, trees = [], []
    top = tmp_path_factory.mktemp("tree")
    for number, tree in enumerate((before, after)):
        folder = top / "now"
        folder.mkdir()
        trees.append(write(folder, tree))
        looks.append(Folders([str(folder)]).look())
        folder.rename(top / str(number))
    found = {
        Path(e.name).relative_to(top / "now").as_posix(): e.change for e in traces.left(*looks)
    }
    first, last = trees
    assert found == {
        name: "new" if name not in first else "removed" if name not in last else "changed"
        for name in first.keys() | last.keys()
        if name not in first or name not in last or first[name] != last[name]
    }


def test_fixed_folder_is_compared_by_times(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1")
    folders = Folders((), fixed=[str(tmp_path)])
    before = folders.look()
    assert not [*traces.left(before, folders.look())]
    status = path.stat()
    while path.stat().st_ctime_ns == status.st_ctime_ns:
        path.write_bytes(b"2")
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert [e.change for e in traces.left(before, folders.look())] == ["changed"]


def test_passed_folder_is_not_looked_into(tmp_path: Path) -> None:
    folders = Folders([str(tmp_path)], passed=[str(tmp_path / "shown")])
    before = folders.look()
    (tmp_path / "shown").mkdir()
    (tmp_path / "shown" / "file").touch()
    assert not [*traces.left(before, folders.look())]


@pytest.mark.parametrize(("files", "left"), [([], 0), (["file"], 2)])
def test_empty_folder_of_a_virtual_machine(tmp_path: Path, files: list[str], left: int) -> None:
    folders = Folders([str(tmp_path)])
    before = folders.look()
    (tmp_path / "hsperfdata_me").mkdir()
    for name in files:
        (tmp_path / "hsperfdata_me" / name).touch()
    assert len([*traces.left(before, folders.look())]) == left


def test_shared_folder_shows_what_is_new(tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    folders = Folders((), shared=[str(tmp_path), str(tmp_path / "missing")])
    before = folders.look()
    (tmp_path / "old").unlink()
    (tmp_path / "new").mkdir()
    assert [*traces.left(before, folders.look())] == [
        Leftover("folder", str(tmp_path / "new"), "new", uncertain=True)
    ]


# The network.


def test_listeners_share_a_free_port() -> None:
    listeners = network.listeners(0)
    ports = {listener.getsockname()[1] for listener in listeners}
    try:
        assert len(ports) == 1
        with pytest.raises(OSError, match=rf"listen at 127.0.0.1:{min(ports)}: "):
            network.listeners(min(ports))
    finally:
        for listener in listeners:
            listener.close()


@given(labels=st.lists(st.from_regex(r"[a-z]{1,9}", fullmatch=True), min_size=1, max_size=4))
def test_name_of_a_query(labels: list[str]) -> None:
    name = b"".join(struct.pack("B", len(label)) + label.encode() for label in labels)
    assert network._asked(bytes(12) + name + b"\0\0\1\0\1") == ".".join(labels)


@given(query=st.binary(max_size=40))
def test_any_query_has_a_name(query: bytes) -> None:
    assert isinstance(network._asked(query), str)


# Processes.


def test_no_process_is_below_one_that_has_ended() -> None:
    assert processes.started(2**22 + 1) == []
    assert processes.memory([2**22 + 1], 0) == 0
    assert processes.title(2**22 + 1) == f"process {2**22 + 1}"
    processes.kill([2**22 + 1])


def test_own_memory() -> None:
    held = processes.memory([os.getpid()], 2**40)
    assert 2**20 < held < 2**34
    assert 2**20 < processes.memory([os.getpid()], 0) <= held * 1.1

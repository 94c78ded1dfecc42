"""Worlds, by programs that misbehave in them; next to each, one that does not."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from samplegen.judge.machine.starter import mounts
from samplegen.judge.machine.starter.messages import Ended, Leftover, Limits, Mode
from samplegen.judge.machine.worlds import Starter, WorldError

ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
PYTHON = (sys.executable, "-I", "-S", "-c")
SECONDS = 30
WITHOUT_LANDLOCK = (
    "import sys; sys.path.insert(0, sys.argv[-2]); del sys.argv[1:-1]; "
    "from samplegen.judge.machine.starter import landlock; landlock.version = lambda: 0; "
    "from samplegen.judge.machine.starter.__main__ import main; main()"
)
"""What is run in place of the starter, as if the kernel were older."""
KINDS: dict[str, tuple[Mode, Sequence[str]]] = {
    **({"root": ("root", ())} if os.geteuid() == 0 else {}),
    "user": ("user", ()),
    "process": ("process", ()),
    "no landlock": ("process", (sys.executable, "-c", WITHOUT_LANDLOCK)),
}
ALONE = [kind for kind, (mode, _) in KINDS.items() if mode != "process"]
"""Those with namespaces."""

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
pytestmark = [needs_linux, pytest.mark.processes]


@pytest.fixture(scope="module", params=KINDS)
def starter(request: pytest.FixtureRequest) -> Iterator[Starter]:
    """One of each kind."""
    with started(request.param) as made:
        yield made


@pytest.fixture(scope="module", params=ALONE)
def alone(request: pytest.FixtureRequest) -> Iterator[Starter]:
    """One of each kind that has namespaces."""
    with started(request.param) as made:
        yield made


@pytest.fixture
def without_landlock() -> Iterator[Starter]:
    """The weakest one."""
    with started("no landlock") as made:
        yield made


@contextlib.contextmanager
def started(kind: str) -> Iterator[Starter]:
    """A starter, until the block ends."""
    made = Starter(*KINDS[kind])
    try:
        yield made
    finally:
        made.close()


def ran(starter: Starter, program: str, *arguments: str, **options: object) -> Ended:
    """How a Python program ends."""
    seconds = options.pop("seconds", SECONDS)
    with starter.world((), **options) as world:  # type: ignore[arg-type]
        return world.run([*PYTHON, program, *arguments], ENV, seconds)  # type: ignore[arg-type]


def certain(ended: Ended) -> tuple[Leftover, ...]:
    """What it left where nobody else writes."""
    return tuple(entry for entry in ended.left if not entry.uncertain)


def test_tidy_program_leaves_nothing(starter: Starter) -> None:
    ended = ran(starter, "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert (ended.status, ended.stdout, ended.stderr) == (3, "out\n", "err\n")
    assert not ended.exceeded
    assert not ended.called
    assert not certain(ended)


def test_semaphores_and_shared_memory_can_be_used(starter: Starter) -> None:
    """POSIX's: Python's pools of threads need them, too."""
    program = (
        "import ctypes, os; libc = ctypes.CDLL(None); name = b'/samplegen-%d' % os.getpid(); "
        "print(libc.shm_open(name, os.O_CREAT | os.O_EXCL, 0o600) > 0, libc.shm_unlink(name))"
    )
    ended = ran(starter, program)
    assert (ended.status, ended.stdout) == (0, "True 0\n")
    assert not certain(ended)


def test_signal_is_status(starter: Starter) -> None:
    assert ran(starter, "import os; os.kill(os.getpid(), 15)").status == -signal.SIGTERM


def test_bytes_that_are_no_text_are_shown(starter: Starter) -> None:
    assert ran(starter, "import os; os.write(1, b'a\\xff')").stdout == "a\\xff"


def test_missing_program(starter: Starter) -> None:
    with starter.world(()) as world, pytest.raises(FileNotFoundError, match="no-such-program"):
        world.run(["no-such-program"], ENV, SECONDS)


def test_environment_is_what_was_given(starter: Starter) -> None:
    with starter.world(()) as world:
        ended = world.run(["env"], {"PATH": ENV["PATH"], "ONE": "1"}, SECONDS)
    assert sorted(ended.stdout.split()) == sorted([f"PATH={ENV['PATH']}", "ONE=1"])


# Processes.

DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in range(3):
            os.close(fd)
        os.execve("/bin/sleep", [sys.argv[1], "99"], {})
    os._exit(0)
os.wait()
"""


def test_daemon_is_seen_and_ended(starter: Starter) -> None:
    name = marked("daemon")
    ended = ran(starter, DAEMON, name)
    assert ended.status == 0
    assert certain(ended) == (Leftover("process", f"{name} 99"),)
    assert not running(name)


def test_child_that_was_waited_for_is_none(starter: Starter) -> None:
    ended = ran(starter, "import subprocess; subprocess.run(['true'], check=True)")
    assert ended.status == 0
    assert not certain(ended)


def test_child_may_end_a_little_later(starter: Starter) -> None:
    ended = ran(starter, "import subprocess; subprocess.Popen(['sleep', '0.05'])")
    assert not certain(ended)


def test_end_of_the_judge_leaves_nothing(starter: Starter) -> None:
    """The judge, another process, is killed; neither program nor daemon outlives it."""
    script = (
        "import sys; from samplegen.judge.machine.worlds import Starter\n"
        f"with Starter({starter._mode!r}, {starter._prefix!r}).world(()) as world:\n"
        "    world.run(sys.argv[1:], {}, 60)\n"
    )
    mark = marked("judge")
    daemon = f"import os, time; os.fork() or os.setsid(); time.sleep(99)  # {mark}"
    command = [sys.executable, "-c", script, *PYTHON, daemon]
    judge = subprocess.Popen(command, cwd=Path(__file__).parents[1])
    try:
        assert soon(lambda: len(running(mark) - {judge.pid}) == 2)
    finally:
        judge.kill()
        judge.wait()
    assert soon(lambda: not running(mark))


def marked(name: str) -> str:
    """A text that no other process of this machine has in its command line."""
    return f"{name}-{os.getpid()}-{time.monotonic_ns()}"


def running(text: str) -> set[int]:
    """The processes of this machine whose command line has a text."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if text.encode() in (folder / "cmdline").read_bytes():
                found.add(int(folder.name))
        except OSError:
            continue
    return found


def soon(holds: Callable[[], bool]) -> bool:
    """Whether a condition comes to hold within some seconds."""
    until = time.monotonic() + SECONDS
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


# Limits.


def test_time(starter: Starter) -> None:
    assert ran(starter, "import time; time.sleep(0.1)", seconds=SECONDS).exceeded == ""
    started = time.monotonic()
    ended = ran(starter, "import time; time.sleep(99)", seconds=0.5)
    assert (ended.status, ended.exceeded) == (None, "time")
    assert time.monotonic() - started < 10


def test_stdin_is_open_and_silent(starter: Starter) -> None:
    program = "import select, sys; print(select.select([sys.stdin], [], [], 0.1)[0])"
    assert ran(starter, program).stdout == "[]\n"
    assert ran(starter, "import sys; sys.stdin.read()", seconds=0.5).exceeded == "time"


def test_memory(starter: Starter) -> None:
    assert ran(starter, "text = b'x' * 2**28").status == 0
    ended = ran(starter, "text = b'x' * 2**31; import time; time.sleep(99)")
    assert (ended.status, ended.exceeded) == (None, "memory")


def test_memory_of_several_processes(starter: Starter) -> None:
    program = "import os, sys, time; n = int(sys.argv[1]); [os.fork() for _ in range(3)]; {}"
    alone = program.format("text = b'x' * n; time.sleep(0.5)")
    assert ran(starter, alone, str(2**26)).exceeded == ""
    assert ran(starter, alone, str(2**28)).exceeded == "memory"


def test_memory_that_is_shared_counts_once(starter: Starter) -> None:
    program = (
        "import os, time; text = b'x' * 2**29; children = [os.fork() for _ in range(2)]; "
        "time.sleep(0.3); [os.waitpid(child, 0) for child in children if child and all(children)]"
    )
    assert ran(starter, program).exceeded == ""


def test_memory_that_is_given_back_at_once(starter: Starter) -> None:
    """Between two counts; the kernel knows the most that there was."""
    ended = ran(starter, "text = b'x' * 1200 * 2**20", limits=Limits(memory=2**29))
    assert ended.exceeded == "memory"


def test_reserved_memory_is_not_held(starter: Starter) -> None:
    """Virtual machines reserve far more than they use."""
    program = "import mmap; mmap.mmap(-1, 2**36, flags=mmap.MAP_PRIVATE | 0x4000)"  # no reserve
    assert ran(starter, program).status == 0


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_flood(starter: Starter, stream: str) -> None:
    program = f"import sys\nfor _ in range(int(sys.argv[1])): sys.{stream}.write('x' * 1024)"
    ended = ran(starter, program, str(2**10))
    assert ended.exceeded == ""
    assert len(getattr(ended, stream)) == 2**20
    ended = ran(starter, program, str(2**20))
    assert ended.exceeded == "output"
    assert len(getattr(ended, stream)) == 2**20


def test_many_processes(starter: Starter) -> None:
    """A bounded bomb: no more than 2**10."""
    program = (
        "import os, sys, time; [os.fork() for _ in range(int(sys.argv[1]))]; time.sleep(0.5)\n"
        "try:\n  while True: os.wait()\nexcept ChildProcessError: pass"
    )
    assert ran(starter, program, "4").exceeded == ""
    assert ran(starter, program, "10").exceeded == "processes"


def test_endless_fork_bomb(alone: Starter) -> None:
    ended = ran(alone, "import os\nwhile True: os.fork()", limits=Limits(tasks=400))
    assert ended.exceeded == "processes"


def test_large_file(starter: Starter) -> None:
    program = (
        "import sys; stream = open('large', 'wb')\n"
        "for _ in range(int(sys.argv[1])): stream.write(b'x' * 2**20)"
    )
    limits = Limits(file=4 * 2**20)
    assert ran(starter, program, "3", limits=limits).status == 0
    ended = ran(starter, program, "5", limits=limits)
    assert "File too large" in ended.stderr


def test_full_disk(alone: Starter) -> None:
    program = (
        "import sys\nfor number in range(int(sys.argv[1])):\n"
        "  with open(f'/tmp/{number}', 'wb') as stream: stream.write(b'x' * 2**20)"
    )
    limits = Limits(disk=4 * 2**20)
    assert ran(alone, program, "3", limits=limits).status == 0
    assert "No space left" in ran(alone, program, "5", limits=limits).stderr


# Files.


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """An input of the program."""
    path = tmp_path / "input.json"
    path.write_text("[1, 2]", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("program", "kind", "name", "change"),
    [
        ("open('made', 'w')", "file", "run/made", "new"),
        ("os.mkdir('made')", "folder", "run/made", "new"),
        ("os.symlink('x', 'made')", "link", "run/made", "new"),
        ("os.mkfifo('made')", "pipe", "run/made", "new"),
        ("socket.socket(socket.AF_UNIX).bind('made')", "socket", "run/made", "new"),
        ("open('../made', 'w')", "file", "made", "new"),
        ("os.mkdir('../home/.cache')", "folder", "home/.cache", "new"),
        ("open('input.json', 'w').write('[2, 1]')", "file", "run/input.json", "changed"),
        ("os.chmod('input.json', 0o600)", "file", "run/input.json", "changed"),
        ("os.remove('input.json')", "file", "run/input.json", "removed"),
        (
            "s = os.stat('input.json'); open('input.json', 'w').write('[2, 1]'); "
            "os.utime('input.json', ns=(s.st_atime_ns, s.st_mtime_ns))",
            "file",
            "run/input.json",
            "changed",
        ),
    ],
)
def test_what_is_left_in_its_folders(
    starter: Starter, given: Path, program: str, kind: str, name: str, change: str
) -> None:
    with starter.world((), [given]) as world:
        ended = world.run([*PYTHON, f"import os, socket; {program}"], ENV, SECONDS)
        assert ended.stderr == ""
        assert certain(ended) == (Leftover(kind, str(world.root / name), change),)  # type: ignore[arg-type]
    assert given.read_text(encoding="utf-8") == "[1, 2]"


def test_what_was_cleared_away_is_not_left(starter: Starter, given: Path) -> None:
    program = (
        "import os; text = open('input.json').read(); open('made', 'w').write(text); "
        "os.mkdir('folder'); os.rmdir('folder'); os.remove('made'); print(text)"
    )
    ended = ran(starter, program, files=[given])
    assert ended.stdout == "[1, 2]\n"
    assert not certain(ended)


@pytest.mark.parametrize("folder", mounts.PRIVATE)
def test_what_is_left_in_temporary_folders(alone: Starter, folder: str) -> None:
    name = f"{folder}/left-{os.getpid()}"
    ended = ran(alone, f"import os; os.makedirs({name!r} + '/a'); open({name!r} + '/b', 'w')")
    assert {(entry.kind, entry.name) for entry in certain(ended)} == {
        ("folder", name),
        ("folder", f"{name}/a"),
        ("file", f"{name}/b"),
    }
    assert not Path(name).exists()


def test_temporary_folder_that_others_use(without_landlock: Starter) -> None:
    """What is new there may be theirs, so it is not certain."""
    assert_uncertain(without_landlock, mounts.PRIVATE[0])


def test_shared_memory_that_others_use() -> None:
    with started("process") as starter:
        assert_uncertain(starter, *mounts.shared_memory())


def assert_uncertain(starter: Starter, folder: str) -> None:
    """A program may write to the folder, and what it leaves there is seen, yet not certain."""
    path = Path(folder, marked("left"))
    assert not [entry for entry in ran(starter, "pass").left if entry.name == str(path)]
    ended = ran(starter, f"open({str(path)!r}, 'w')")
    path.unlink()
    assert Leftover("file", str(path), "new", uncertain=True) in ended.left


@pytest.mark.parametrize("folder", [mounts.PRIVATE[0], mounts.PRIVATE[1], "/etc"])
def test_landlock_refuses_what_is_not_its_own(folder: str) -> None:
    with started("process") as starter:
        name = f"{folder}/{marked('left')}"
        ended = ran(starter, f"open({name!r}, 'w')")
        assert "Permission denied" in ended.stderr
        ended = ran(starter, "open('x', 'w'); import os; os.remove('x'); open('/dev/null', 'w')")
        assert (ended.status, certain(ended)) == (0, ())


def test_landlock_refuses_other_ports() -> None:
    with started("process") as starter, socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = free_port()
        with starter.world((port,)) as world:
            answer(world.listeners[port], b"pong")
            assert world.run([*PYTHON, ASK, "localhost", str(port)], ENV, SECONDS).status == 0
        with starter.world((port,)) as world:
            command = [*PYTHON, ASK, "localhost", str(other.getsockname()[1])]
            assert "Permission denied" in world.run(command, ENV, SECONDS).stderr


def test_other_temporary_files_are_not_seen(alone: Starter, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x", encoding="utf-8")
    ended = ran(alone, f"import os; print(os.listdir('/tmp'), os.path.exists({str(tmp_path)!r}))")
    assert "False" in ended.stdout
    assert ended.stdout.count("'") == 2  # its own root
    ended = ran(alone, f"print(open({str(tmp_path / 'secret')!r}).read())", kept=[tmp_path])
    assert ended.stdout == "x\n"


def test_what_is_kept_is_read_only(alone: Starter, tmp_path: Path) -> None:
    ended = ran(alone, f"open({str(tmp_path / 'made')!r}, 'w')", kept=[tmp_path])
    assert "Read-only file system" in ended.stderr


def test_file_beside_the_program(starter: Starter, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import sys; exec(sys.argv[1])", encoding="utf-8")
    beside = "import os; open(os.path.dirname(sys.argv[0]) + '/kept', 'w').write('x')"
    with starter.world((), shown={"source": tmp_path}) as world:
        command = [*PYTHON[:-1], str(world.root / "source" / "program.py")]
        ended = world.run([*command, "print(__file__)"], ENV, SECONDS)
    assert (ended.status, certain(ended)) == (0, ())
    assert ended.stdout == f"{world.root}/source/program.py\n"
    with starter.world((), shown={"source": tmp_path}) as world:
        command = [*PYTHON[:-1], str(world.root / "source" / "program.py")]
        ended = world.run([*command, beside], ENV, SECONDS)
    left = [(entry.kind, Path(entry.name).name) for entry in certain(ended)]
    refused = "Read-only" in ended.stderr or "Permission denied" in ended.stderr
    assert refused != (left == [("file", "kept")])


@pytest.mark.parametrize("path", ["/etc/hosts", "/usr/made", "/opt/made", "/dev/made"])
def test_everything_else_is_read_only(alone: Starter, path: str) -> None:
    ended = ran(alone, f"open({path!r}, 'a')")
    assert "Read-only file system" in ended.stderr or "Permission denied" in ended.stderr


@pytest.mark.parametrize("path", ["/proc/sys/kernel/panic", "/proc/sys/vm/overcommit_memory"])
def test_settings_of_the_machine_are_read_only(alone: Starter, path: str) -> None:
    """Opened only, not written."""
    ended = ran(alone, f"open({path!r}, 'a')")
    assert "Read-only file system" in ended.stderr or "Permission denied" in ended.stderr


def test_mounts_cannot_be_undone(alone: Starter) -> None:
    ended = ran(alone, "import subprocess; subprocess.run(['mount', '-o', 'remount,rw', '/usr'])")
    assert ended.stderr
    ended = ran(alone, "import subprocess; print(subprocess.call(['umount', '/tmp']))")
    assert ended.stdout != "0\n"


def test_devices(alone: Starter) -> None:
    program = "open('/dev/null', 'w').write('x'); print(len(open('/dev/urandom', 'rb').read(9)))"
    assert ran(alone, program).stdout == "9\n"
    assert ran(alone, "import os; print(sorted(os.listdir('/dev')))").stdout == str(
        sorted(["fd", "full", "null", "random", "shm", "stderr", "stdin", "stdout", "tty",
                "urandom", "zero"])
    ) + "\n"  # fmt: skip


def test_shared_memory_is_seen(alone: Starter) -> None:
    program = "import ctypes; ctypes.CDLL(None).shmget(4711, 4096, 0o1600)"
    assert [entry.kind for entry in ran(alone, program).left] == ["shared memory"]


# The network.

ASK = """
import socket, sys
for host in sys.argv[1].split(","):
    with socket.create_connection((host, int(sys.argv[2])), 5) as connection:
        connection.sendall(b"ping")
        print(connection.recv(9).decode())
"""


def answer(listeners: Sequence[socket.socket], text: bytes) -> None:
    """Answers everything at once, until the listeners are closed."""

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(9)
                connection.sendall(text)

    for listener in listeners:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()


def test_port_is_answered_by_the_judge(starter: Starter) -> None:
    port = free_port() if starter._mode == "process" else 9000
    with starter.world((port,)) as world:
        answer(world.listeners[port], b"pong")
        ended = world.run([*PYTHON, ASK, "localhost,127.0.0.1,::1", str(port)], ENV, SECONDS)
    assert (ended.stdout, ended.stderr) == ("pong\n" * 3, "")
    assert not ended.called


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_documented_name_is_answered_by_the_judge(alone: Starter) -> None:
    with alone.world((80,), hosts=["api.example.com"]) as world:
        answer(world.listeners[80], b"pong")
        ended = world.run([*PYTHON, ASK, "api.example.com", "80"], ENV, SECONDS)
    assert (ended.stdout, ended.called) == ("pong\n", ())


@pytest.mark.parametrize(
    ("host", "port", "called"),
    [
        ("127.0.0.1", 7777, "127.0.0.1:7777"),
        ("::1", 7777, "[::1]:7777"),
        ("192.0.2.1", 443, "192.0.2.1:443"),
        ("192.0.2.1", 9000, "192.0.2.1:9000"),
        ("2001:db8::1", 443, "[2001:db8::1]:443"),
        ("collector.example.com", 443, "collector.example.com (looked up)"),
    ],
)
def test_call_elsewhere_is_seen_and_refused(
    alone: Starter, host: str, port: int, called: str
) -> None:
    program = f"try:\n  {{}}\nexcept OSError: pass\n{ASK}"
    quiet = "import socket, sys; socket.create_connection((sys.argv[3], int(sys.argv[4])), 5)"
    with alone.world((9000,)) as world:
        answer(world.listeners[9000], b"pong")
        command = [*PYTHON, program.format(quiet), "localhost", "9000", host, str(port)]
        ended = world.run(command, ENV, SECONDS)
    assert (ended.stdout, ended.called) == ("pong\n", (called,))


def test_datagram_is_seen(alone: Starter) -> None:
    program = "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 9))"
    assert ran(alone, program).called == ("192.0.2.1:9/udp",)


def test_much_that_is_sent_hides_no_call(alone: Starter) -> None:
    program = (
        "import socket\n"
        "with socket.create_connection(('localhost', 9000)) as c: c.sendall(b'x' * 2**25)\n"
        "socket.socket().connect_ex(('127.0.0.1', 7777))"
    )
    with alone.world((9000,)) as world:

        def take() -> None:
            connection, _ = world.listeners[9000][-1].accept()
            while connection.recv(65536):
                pass
            connection.close()

        taking = threading.Thread(target=take)
        taking.start()
        ended = world.run([*PYTHON, program], ENV, SECONDS)
        taking.join(SECONDS)
    assert (ended.status, ended.called) == (0, ("127.0.0.1:7777",))


def test_servers_of_this_machine_are_out_of_reach(alone: Starter) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        program = f"import socket; print(socket.socket().connect_ex(('127.0.0.1', {port})))"
        assert ran(alone, program).stdout != "0\n"
        outside = subprocess.run(
            [*PYTHON, program], capture_output=True, text=True, timeout=SECONDS
        )
        assert outside.stdout == "0\n"


def test_taken_port_is_refused_without_namespaces() -> None:
    port = free_port()
    with started("process") as starter:
        with starter.world((port,)):
            message = f"listen at 127.0.0.1:{port}: Address already in use"
            with pytest.raises(OSError, match=message), starter.world((port,)):
                pass
        with starter.world((port,)) as world:
            assert world.run(["true"], ENV, SECONDS).status == 0


def test_twenty_at_once_on_one_address(alone: Starter) -> None:
    """Each gets the answers that are its own."""
    meet = threading.Barrier(20, timeout=SECONDS)

    def one(number: int) -> tuple[Ended, str]:
        with alone.world((9000, 8000)) as world:
            meet.wait()
            for port in (9000, 8000):
                answer(world.listeners[port], f"{number}:{port}".encode())
            program = f"{ASK}\nsys.argv[2] = '8000'\n{ASK}"
            ended = world.run([*PYTHON, program, "localhost", "9000"], ENV, SECONDS)
            meet.wait()  # all worlds were there at the same time
            return ended, f"{number}:9000\n{number}:8000\n"

    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(one, range(20)))
    for ended, expected in results:
        assert (ended.status, ended.stdout, ended.left, ended.called) == (0, expected, (), ())


# No mark of the judge.


def test_nothing_names_the_judge(alone: Starter) -> None:
    program = (
        "import os\n"
        "for name in ['1/cmdline', '1/comm', 'self/cmdline', 'self/environ', 'self/mountinfo',"
        " 'self/cgroup', 'net/unix']:\n"
        "  print(open(f'/proc/{name}').read())\n"
        "print(os.listdir('/proc/self/fd'), os.getcwd(), os.environ, os.listdir('/tmp'))\n"
        "try: print(open('/proc/1/environ').read(), os.listdir('/proc/1/fd'))\n"
        "except PermissionError: print('hidden')\n"
    )
    ended = ran(alone, program)
    assert ended.status == 0
    said = ended.stdout.replace(program, "").lower()
    assert "hidden" in said
    assert not [word for word in ("samplegen", "starter", "verify") if word in said]
    assert "['0', '1', '2', '3']" in said  # 3 is that of the listing itself


def test_program_has_no_rights_of_root(alone: Starter) -> None:
    ended = ran(alone, "print(open('/proc/self/status').read())")
    fields = dict(line.split(":\t", 1) for line in ended.stdout.strip().splitlines())
    assert {fields[f"Cap{name}"].strip("0") for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {""}
    assert fields["NoNewPrivs"] == "1"


# The starter.


def test_starter_that_was_killed_is_started_again(starter: Starter) -> None:
    with starter.world(()) as world:
        process = starter._process
        process.kill()
        process.wait()
        with pytest.raises(WorldError):
            for _ in range(2):  # without namespaces, a world outlives it, but runs once only
                world.run(["true"], ENV, SECONDS)
    assert ran(starter, "print(1)").stdout == "1\n"


def test_program_that_ends_its_starter(starter: Starter) -> None:
    """Only the weakest lets it; then it has no result, and nothing of it stays."""
    mark = marked("killer")
    program = f"import os, time; os.kill(os.getppid(), 9); time.sleep(1)  # {mark}"
    try:
        ended = ran(starter, program)
        assert ended.status == 0 or "Operation not permitted" in ended.stderr
    except WorldError:
        assert starter._prefix
    assert soon(lambda: not running(mark))
    assert ran(starter, "print(1)").stdout == "1\n"


def test_long_path_of_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than the address of a Unix socket may be."""
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    for kind in KINDS:
        with started(kind) as starter:
            ended = ran(starter, "import os; print(os.getcwd()); open('made', 'w')")
            assert ended.stdout.startswith(str(folder))
            assert [entry.kind for entry in certain(ended)] == ["file"]
    assert not [*folder.iterdir()]


@pytest.mark.parametrize("kind", KINDS)
def test_close_ends_what_runs(kind: str) -> None:
    mark = marked("close")
    command = [*PYTHON, f"import time; time.sleep(99)  # {mark}"]
    starter = Starter(*KINDS[kind])
    with starter.world(()) as world, ThreadPoolExecutor(1) as pool:
        run = pool.submit(world.run, command, ENV, 60)
        assert soon(lambda: bool(running(mark)))
        starter.close()
        with pytest.raises(WorldError):
            run.result(SECONDS)
    assert soon(lambda: not running(mark))
    with pytest.raises(WorldError, match="no more programs"), starter.world(()):
        pass

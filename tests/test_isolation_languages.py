"""Programs of every language run in a world, and ask a server there."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from samplegen.judge.machine.isolation import opened
from samplegen.judge.machine.worlds import Starter
from tests.conftest import missing, need

pytestmark = pytest.mark.processes

ENV = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}

C_PLUS_PLUS = r"""
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>
#include <iostream>
#include <thread>
int main() {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo("localhost", "9000", &hints, &found) != 0) return 2;
  std::string said;
  std::thread([&] {
    int to = socket(found->ai_family, SOCK_STREAM, 0);
    if (connect(to, found->ai_addr, found->ai_addrlen) != 0) return;
    char text[16];
    if (write(to, "ping\n", 5) == 5) said.assign(text, read(to, text, sizeof text));
    close(to);
  }).join();
  freeaddrinfo(found);
  std::cout << said;
}
"""
GO = """
package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

func main() {
	connection, err := net.Dial("tcp", "localhost:9000")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer connection.Close()
	fmt.Fprint(connection, "ping\\n")
	said, _ := io.ReadAll(connection)
	fmt.Print(string(said))
}
"""
JAVA = """
import java.net.Socket;

class Main {
  public static void main(String[] arguments) throws Exception {
    try (var connection = new Socket("localhost", 9000)) {
      connection.getOutputStream().write("ping\\n".getBytes());
      System.out.write(connection.getInputStream().readAllBytes());
      System.out.flush();
    }
  }
}
"""
PYTHON = """
import socket
with socket.create_connection(("localhost", 9000)) as connection:
    connection.sendall(b"ping\\n")
    print(connection.recv(16).decode(), end="")
"""
SHELL = """
set -eu
curl --silent --show-error --http0.9 --max-time 9 http://localhost:9000 | cat
"""


@dataclass(frozen=True)
class Language:
    """How a program is built, in its folder, and run; `{program}` is that folder."""

    file: str
    text: str
    run: Sequence[str]
    build: Sequence[str] = ()


LANGUAGES = {
    "C++": Language(
        "main.cpp",
        C_PLUS_PLUS,
        ["{program}/main"],
        ["g++", "-std=c++17", "-pthread", "-o", "main", "main.cpp"],
    ),
    "Go": Language("main.go", GO, ["{program}/main"], ["go", "build", "-o", "main", "main.go"]),
    "Java": Language(
        "Main.java", JAVA, ["java", "-cp", "{program}", "Main"], ["javac", "Main.java"]
    ),
    "Python": Language("main.py", PYTHON, [sys.executable, "{program}/main.py"]),
    "shell": Language("main.sh", SHELL, ["sh", "{program}/main.sh"]),
}


@pytest.fixture(scope="module")
def starter() -> Iterator[Starter]:
    """The best that there is."""
    with opened() as (found, isolation):
        if isolation.level == "process":
            pytest.skip(f"there is no port 9000 of one's own: {isolation.reasons}")
        yield found


def answer(listener: socket.socket) -> None:
    """Answers one program."""
    with contextlib.suppress(OSError):  # it was asked at the other address of localhost
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"pong\n")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", LANGUAGES)
def test_program_asks_its_server(name: str, starter: Starter, tmp_path: Path) -> None:
    language = LANGUAGES[name]
    if name == "shell":
        need("curl")
    (tmp_path / language.file).write_text(language.text, encoding="utf-8")
    for command in filter(None, (language.build, language.run)):
        if "/" not in command[0] and shutil.which(command[0]) is None:
            missing(f"{command[0]} is missing")
    if language.build:
        env = {**os.environ, "GO111MODULE": "off", "CGO_ENABLED": "0"}
        subprocess.run(language.build, cwd=tmp_path, env=env, check=True, timeout=200)
    with starter.world((9000,), shown={"program": tmp_path}) as world:
        for listener in world.listeners[9000]:
            threading.Thread(target=answer, args=(listener,), daemon=True).start()
        command = [part.format(program=world.root / "program") for part in language.run]
        ended = world.run(command, {**ENV, "HOME": str(world.home)}, 60)
        assert (ended.status, ended.stdout, ended.stderr) == (0, "pong\n", "")
        assert (ended.left, ended.called) == ((), ())

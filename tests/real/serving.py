"""Installs each of the other servers into an environment of its own, and starts it."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.real.models import Model, served

HERE = Path(__file__).parent
PACKAGES = {"triton": "nvidia-pytriton", "mlserver": "mlserver", "kserve": "kserve"}
"""The servers, and the packages that bring them; the newest version of each."""
_START_SECONDS = 180.0
_STOP_SECONDS = 30.0


@dataclass(frozen=True)
class Served:
    """A server that is ready, on this machine."""

    name: str
    grpc_port: int
    rest_port: int
    host: str = "127.0.0.1"


def install(server: str, folder: Path) -> Path:
    """The Python of the server's environment, which is made if it is not there."""
    environment = folder.absolute() / PACKAGES[server]
    python = environment / "bin" / "python"
    if not python.exists():
        print(f"Installing {PACKAGES[server]} into {environment}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        command = [str(python), "-m", "pip", "install", "--quiet", PACKAGES[server]]
        try:
            subprocess.run(command, check=True)
        except subprocess.CalledProcessError:
            shutil.rmtree(environment)  # half of it would count as installed
            raise
    return python


def version(server: str, python: Path) -> str:
    """The version of the installed package."""
    asked = f"from importlib.metadata import version; print(version({PACKAGES[server]!r}))"
    return subprocess.run(
        [python, "-c", asked], check=True, capture_output=True, text=True
    ).stdout.strip()


@contextlib.contextmanager
def running(server: str, python: Path, work: Path, ports: tuple[int, int]) -> Iterator[Served]:
    """The server with all its models.

    Args:
        server: Its name.
        python: Of its environment.
        work: A folder for what it writes.
        ports: For gRPC and REST.

    Raises:
        RuntimeError: It does not start; with the end of its log.
    """
    grpc_port, rest_port = ports
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    environment.pop("PYTHONPATH", None)
    work = work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    if server == "triton":
        command, more = _triton(python, work, grpc_port, rest_port)
        environment |= more
    else:
        command = [python, HERE / f"serve_{server}.py", str(grpc_port), str(rest_port)]
    log = work / f"{server}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=work, env=environment, stdout=file, stderr=file, stdin=subprocess.DEVNULL
        )
    try:
        _wait(process, rest_port, log)
        yield Served(server, grpc_port, rest_port)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError):
            url = f"http://127.0.0.1:{port}/v2/health/ready"
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        time.sleep(0.2)
    text = log.read_text(errors="replace")[-3000:]
    raise RuntimeError(f"the server is not ready; the end of {log}:\n{text}")


def _triton(
    python: Path, work: Path, grpc_port: int, rest_port: int
) -> tuple[Sequence[str | Path], dict[str, str]]:
    """Its command and environment; its backend and its models are laid out in `work`."""
    packages = next((python.parents[1] / "lib").glob("python*")) / "site-packages"
    server = packages / "pytriton" / "tritonserver"
    backends = work / "backends"
    shutil.rmtree(backends, ignore_errors=True)
    shutil.copytree(server / "backends", backends)
    number = packages.parent.name.removeprefix("python")
    stub = server / "python_backend_stubs" / number / "triton_python_backend_stub"
    shutil.copy(stub, backends / "python")
    repository = work / "models"
    shutil.rmtree(repository, ignore_errors=True)
    for name, model in served("triton").items():
        for version_number in model.versions:
            folder = repository / name / str(version_number)
            folder.mkdir(parents=True)
            shutil.copy(HERE / "triton_model.py", folder / "model.py")
        (repository / name / "config.pbtxt").write_text(_config(name, model))
    command: list[str | Path] = [server / "bin" / "tritonserver"]
    command += [f"--model-repository={repository}", f"--backend-directory={backends}"]
    command += ["--http-address=127.0.0.1", f"--http-port={rest_port}"]
    command += ["--grpc-address=127.0.0.1", f"--grpc-port={grpc_port}"]
    command += ["--allow-metrics=false", "--exit-on-error=false", "--http-thread-count=2"]
    command += [f"--backend-config=python,shm-region-prefix-name=samplegen{rest_port}"]
    return command, {
        "LD_LIBRARY_PATH": str(packages / "nvidia_pytriton.libs"),
        "PATH": f"{python.parent}:{os.environ['PATH']}",  # where its backend looks for NumPy
    }


def _config(name: str, model: Model) -> str:
    """Triton's description of a model."""
    batched = "max_batch_size: 8" in model.triton
    lines = [f'name: "{name}"', 'backend: "python"', model.triton]
    lines.append(f'parameters: {{ key: "models" value: {{ string_value: "{HERE}" }} }}')
    for kind, tensors in (("input", model.inputs), ("output", model.outputs)):
        for tensor, (datatype, shape) in tensors.items():
            of = "STRING" if datatype == "BYTES" else datatype
            dims = [*shape[1:]] if batched else [*shape]
            lines.append(f'{kind} {{ name: "{tensor}" data_type: TYPE_{of} dims: {dims} }}')
    return "\n".join(lines) + "\n"

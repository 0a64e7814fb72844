"""The real server as a child process, for tests that have to see it whole."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from email.message import Message
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 120
_OWN_VARIABLES = ("BILLING_", "DATABASE_URL", "DJANGO_SETTINGS_MODULE", "EMAIL_URL", "PYTEST_")


def make_data_dir() -> Path:
    """Return a new data folder that root's database user can enter, unlike pytest's own temporary folders."""
    folder = Path(tempfile.mkdtemp(prefix="billing-live-"))
    folder.chmod(0o711)
    return folder / "data"


def remove_data_dir(data_dir: Path) -> None:
    shutil.rmtree(data_dir.parent, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(data_dir: Path, **variables: str) -> dict[str, str]:
    """Return this environment without what the test run itself set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OWN_VARIABLES)}
    return {**kept, "BILLING_DATA_DIR": str(data_dir), **variables}


def processes_of(data_dir: Path) -> list[int]:
    """Return every live process that names the data folder in its command or its environment."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            words = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(data_dir) in words:
            found.append(int(folder.name))
    return found


@dataclass
class Answer:
    """What the server said to one request."""

    status: int
    headers: Message
    body: bytes

    def json(self):
        return json.loads(self.body)


@dataclass
class LiveServer:
    """`manage.py serve` on a free port, in a session of its own, with a data folder of its own."""

    data_dir: Path
    variables: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    python: tuple[str, ...] = (sys.executable,)
    user: int | None = None
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        """What it and its children wrote to standard error so far: sign-in codes, warnings."""
        return self._log_path.read_text()

    @property
    def _log_path(self) -> Path:
        return self.data_dir.parent / f"serve-{self.port}.log"

    def start(self) -> "LiveServer":
        """Start it and wait for its ready line; what it wrote is in the error if it ends instead."""
        self.launch()
        line = self.process.stdout.readline().decode()
        assert line == f"ready {self.url}\n", f"serve said {line!r}:\n{self.log}"
        return self

    def launch(self) -> None:
        """Start it without waiting."""
        with self._log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.python, str(ROOT / "manage.py"), "serve", "--port", str(self.port), *self.arguments],
                env=environment(self.data_dir, **self.variables),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd="/",
                start_new_session=True,
                user=self.user,
                group=self.user,
                extra_groups=None if self.user is None else [],
            )

    def stop(self) -> None:
        """End it as a service manager would, if it still runs."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(_START_SECONDS)
        self.process.stdout.close()

    def manage(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run another management command on the same installation."""
        return subprocess.run(
            [*self.python, str(ROOT / "manage.py"), *arguments],
            env=environment(self.data_dir, **self.variables),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=_START_SECONDS,
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
        )

    @cached_property
    def api_key(self) -> str:
        """A key that may do everything."""
        made = self.manage("create_api_key", "tests", "--scope", "admin")
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    def request(self, path: str, body: bytes | None = None, *, key: str | None = None, **headers: str) -> Answer:
        """Send one request, a POST if it has a body, with the admin key unless `key` names another or is empty."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        chosen = self.api_key if key is None else key
        if chosen:
            named["Authorization"] = f"Bearer {chosen}"
        request = urllib.request.Request(self.url + path, data=body, headers=named)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as refusal:
            return Answer(refusal.code, refusal.headers, refusal.read())


def wait_for(condition, seconds: float = 30) -> bool:
    """Ask until the condition holds; for what other processes do in their own time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True

"""
The process that holds the embedded PostgreSQL: it ends the server when the last process that uses it has gone.

Users hold a shared lock on a file, which the kernel drops however they end. Getting that lock exclusively therefore
means that nobody is left; the keeper holds on to it until the server has ended, so that who comes meanwhile waits and
then starts a new one. Nothing else ends the server while anybody uses it: signals that reach every process of a session
or a service are ignored here, as the users end by them. If the keeper itself is killed, the kernel ends the server.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from billing_site.processes import FileLock, die_with_parent, wait_until

_POLL_SECONDS = 0.1
_STOP_SECONDS = 60


def main() -> int:
    order: dict[str, Any] = json.loads(sys.argv[1])
    os.chdir("/")
    held = FileLock(Path(order["keeper_lock"]))
    # Somebody who asks whether a keeper runs holds this lock for an instant.
    if not wait_until(lambda: held.take(wait=False), seconds=5):
        return 1
    Path(order["keeper_lock"]).write_text(str(os.getpid()))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # Not SIG_IGN, which the server would inherit.
        signal.signal(number, lambda *_: None)
    account = {} if order["uid"] is None else {"user": order["uid"], "group": order["gid"], "extra_groups": []}
    # SIGINT is PostgreSQL's fast shutdown: SIGTERM would wait for its clients.
    server = subprocess.Popen(
        order["command"], stdin=subprocess.DEVNULL, preexec_fn=die_with_parent(signal.SIGINT), **account
    )
    users = FileLock(Path(order["users_lock"]))
    while server.poll() is None and not users.take(wait=False):
        time.sleep(_POLL_SECONDS)
    _stop(server)
    return 0


def _stop(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.send_signal(signal.SIGQUIT)
            server.wait()


if __name__ == "__main__":
    sys.exit(main())

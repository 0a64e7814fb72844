"""Where this installation keeps its files. Pure paths: importing settings must not touch the disk."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from urllib.parse import quote

# A Unix socket's path may hold 107 bytes, and PostgreSQL adds `/.s.PGSQL.5432.lock`.
_LONGEST_SOCKET_DIR = 85


def default_data_dir(base_dir: Path) -> Path:
    """
    Choose the data folder of a checkout: `.data` in it, or a folder under /var/lib where root's checkout is closed.

    As root, PostgreSQL runs under a user of its own, who cannot enter `.data` below a closed folder such as /root.
    """
    local = base_dir / ".data"
    if os.geteuid() != 0 or all(_others_may_enter(parent) for parent in local.parents):
        return local
    return Path("/var/lib/billing") / _digest(local)


def chosen_data_dir(base_dir: Path) -> Path:
    """Return the data folder that BILLING_DATA_DIR names, else the default one."""
    return Path(os.environ.get("BILLING_DATA_DIR") or default_data_dir(base_dir)).absolute()


def socket_dir(data_dir: Path) -> Path:
    """Return the folder of the embedded server's socket: inside the data folder where that path is short enough."""
    inside = data_dir / "run"
    if len(os.fsencode(inside)) <= _LONGEST_SOCKET_DIR:
        return inside
    return Path(tempfile.gettempdir()) / f"billing-{_digest(data_dir)}"


def embedded_database_url(data_dir: Path) -> str:
    """Return the address of the embedded server of a data folder, running or not."""
    return f"postgres://billing@{quote(str(socket_dir(data_dir)), safe='')}/billing"


def secret_key_path(data_dir: Path) -> Path:
    return data_dir / "secret_key"


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def _others_may_enter(folder: Path) -> bool:
    try:
        return bool(folder.stat().st_mode & stat.S_IXOTH)
    except FileNotFoundError:
        return True

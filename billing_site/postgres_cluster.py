"""The files of the embedded server: made once, of one version, and whose process works on them."""

import os
import shutil
import subprocess
from pathlib import Path

from billing_site.postgres_binaries import Account, DatabaseUnavailable
from billing_site.processes import is_alive

# Written to postgresql.conf once, so that an operator can change them there.
_INITIAL_SETTINGS = {
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "max_connections": "100",
    "jit": "off",
    "random_page_cost": "1.1",
    "log_min_duration_statement": "5s",
    "log_line_prefix": "%m [%p] ",
}
# The first version with a collation of its own, which does not depend on the machine's libraries.
_OWN_COLLATION_VERSION = 17


def check_version(cluster: Path, version: int) -> None:
    """
    Refuse files that another version made; a folder without any is fine.

    :raises DatabaseUnavailable: naming both versions.
    """
    marker = cluster / "PG_VERSION"
    found = marker.read_text().strip() if marker.exists() else str(version)
    if found != str(version):
        raise DatabaseUnavailable(
            f"The data folder {cluster} was made by PostgreSQL {found}, and these programs are PostgreSQL "
            f"{version}: set BILLING_PG_VERSION={found}, or move the data with pg_dump."
        )


def initialise(cluster: Path, *, account: Account | None, programs: Path, version: int, sync: bool) -> None:
    """
    Make the files where there are none, owned by the account.

    :raises DatabaseUnavailable: with the last line that initdb wrote.
    """
    if (cluster / "PG_VERSION").exists():
        return
    # Under another name until it is whole, so that a start that was killed leaves nothing half made.
    unfinished = cluster.with_name(f"{cluster.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if account:
        os.chown(unfinished, account.uid, account.gid)
    made = subprocess.run(
        _initdb(programs, unfinished, version=version, sync=sync),
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    if made.returncode != 0:
        raise DatabaseUnavailable(f"The database can't be created in {cluster.parent}: {last_line(made.stderr)}")
    unfinished.rename(cluster)


def _initdb(programs: Path, folder: Path, *, version: int, sync: bool) -> list[str]:
    command = [str(programs / "initdb"), "-D", str(folder), "-U", "billing"]
    command += ["--auth=trust", "--encoding=UTF8", "--data-checksums"]
    if version >= _OWN_COLLATION_VERSION:
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    else:
        command += ["--locale=C.UTF-8"]
    if not sync:
        command += ["--no-sync"]
    for name, value in _INITIAL_SETTINGS.items():
        command += ["--set", f"{name}={value}"]
    return command


def server_pid(cluster: Path) -> int | None:
    """Return the process that serves these files, None where the pid file names nothing or something else."""
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if is_alive(pid) and _is_postgres_on(pid, cluster) else None


def processes_on(cluster: Path) -> list[int]:
    """Return every PostgreSQL process that works on these files, also where their server was killed."""
    pids = [int(process.name) for process in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if _is_postgres_on(pid, cluster)]


def _is_postgres_on(pid: int, cluster: Path) -> bool:
    process = Path("/proc") / str(pid)
    if not Path("/proc/self").exists():
        shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return "postgres" in shown.stdout and str(cluster) in shown.stdout
    try:
        # PostgreSQL works inside its data folder.
        return (process / "comm").read_text().strip() == "postgres" and (process / "cwd").resolve() == cluster.resolve()
    except OSError:
        return False


def last_line(text: str, word: str = "") -> str:
    """Return the last line that holds the word, else the last line."""
    lines = [line for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if word in line] or lines
    return telling[-1] if telling else "it said nothing"

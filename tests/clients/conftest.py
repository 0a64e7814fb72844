"""Fixtures of the tests that drive published clients against the real server."""

import json
import os
import re
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest
from openmeter import Client

_NODE = Path(__file__).parent / "node"
_SECONDS = 60


@pytest.fixture
def client(live_billing):
    with Client(endpoint=live_billing.url, token=live_billing.api_key, retry_total=0) as client:
        yield client


@pytest.fixture
def name():
    """A name that no other test uses, as the server is shared."""
    return f"sdk_{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def node_sdk():
    """Skip where OpenMeter's Node SDK cannot run, saying what would make it."""
    if shutil.which("node") is None:
        pytest.skip("Node is not installed: OpenMeter's Node SDK is not tested.")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout
    if int(re.match(r"v(\d+)", version)[1]) < 20:
        pytest.skip(f"OpenMeter's Node SDK needs Node 20 or newer, and this is {version.strip()}.")
    if not (_NODE / "node_modules" / "@openmeter" / "sdk").is_dir():
        pytest.skip("OpenMeter's Node SDK is not installed: make test does it once, where there is npm.")


@pytest.fixture
def node(live_billing, name, node_sdk):
    """Run one of the scenarios of `scenarios.mjs` with a name of its own and the bodies given; return what it found."""

    def run(scenario, **bodies):
        done = subprocess.run(
            ["node", str(_NODE / "scenarios.mjs"), scenario, name],
            env={
                **os.environ,
                "OPENMETER_URL": live_billing.url,
                "OPENMETER_API_KEY": live_billing.api_key,
                "BODIES": json.dumps(bodies),
            },
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run

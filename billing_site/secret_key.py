"""The secret of an installation that was given none: made once, kept in the data folder."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from billing_site.data_dir import secret_key_path


def ensure_secret_key(data_dir: Path) -> None:
    """
    Write the key file (mode 0600) if it is missing and BILLING_SECRET_KEY is not set.

    Before settings are read: processes with different keys cannot read each other's sessions and jobs.
    """
    path = secret_key_path(data_dir)
    if os.environ.get("BILLING_SECRET_KEY") or path.exists():
        return
    descriptor, name = tempfile.mkstemp(dir=data_dir)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(50))
    # A link appears whole, and fails where another start was faster.
    with suppress(FileExistsError):
        os.link(name, path)
    Path(name).unlink()

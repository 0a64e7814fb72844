#!/usr/bin/env python
"""Run a management command, with the embedded database up for the commands that read it."""

import contextlib
import os
import sys
from pathlib import Path

from environs import EnvError

from billing_site.data_dir import chosen_data_dir
from billing_site.embedded_postgres import DatabaseUnavailable, EmbeddedPostgres
from billing_site.secret_key import ensure_secret_key

# These read no database, or look after it themselves.
_WITHOUT_DATABASE = {"serve", "demo", "help", "check", "version", "makemessages", "compilemessages", "collectstatic"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "billing_site.settings")
    try:
        with _database_for(sys.argv[1:]):
            from django.core.management import execute_from_command_line

            execute_from_command_line(sys.argv)
    # An EnvError is a variable that the settings can't read; it names it and what is wrong with it.
    except (DatabaseUnavailable, EnvError) as error:
        sys.exit(f"error: {error}")


def _database_for(arguments: list[str]) -> contextlib.AbstractContextManager[object]:
    command = next((word for word in arguments if not word.startswith("-")), "help")
    server = EmbeddedPostgres(chosen_data_dir(Path(__file__).resolve().parent))
    if command != "serve" and (command in _WITHOUT_DATABASE or "--help" in arguments):
        return contextlib.nullcontext()
    if command == "serve" or not os.environ.get("DATABASE_URL"):
        # Before the settings look for the secret key, in a folder that may be closed to us.
        server.prepare_folder()
        ensure_secret_key(server.data_dir)
    if command == "serve" or os.environ.get("DATABASE_URL"):
        return contextlib.nullcontext()
    return server.running()


if __name__ == "__main__":
    main()

"""Django as a WSGI application: what `runserver` serves, and what the web processes run in threads."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "billing_site.settings")

application = get_wsgi_application()

"""The one settings file. Every value that an installation may change is an environment variable."""

import decimal
import hashlib
import secrets
import zoneinfo
from pathlib import Path
from typing import Any

from environs import Env

from billing_site.data_dir import chosen_data_dir, embedded_database_url, secret_key_path
from billing_site.openapi import SPECTACULAR_SETTINGS  # noqa: F401
from billing_site.unfold import UNFOLD  # noqa: F401

# Django, DRF and psycopg all take their context from the default one, so it has to be wide before any thread starts:
# the usual 28 digits would cut sums of 38-digit values.
decimal.DefaultContext.prec = 100
decimal.setcontext(decimal.DefaultContext.copy())
# Zone rules come from the tzdata package alone, so that every machine cuts the same days.
zoneinfo.reset_tzpath(to=())

env = Env(prefix="BILLING_")
BASE_DIR = Path(__file__).resolve().parent.parent

# --- What an installation sets -------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", False)
DATA_DIR = chosen_data_dir(BASE_DIR)
DATABASE_URL = Env().str("DATABASE_URL", "")
USES_EMBEDDED_DATABASE = not DATABASE_URL
API_AUTH = env.str("API_AUTH", "on")
MAX_BODY_BYTES = env.int("MAX_BODY_BYTES", 10 * 1024 * 1024)
# A request whose body does not go on for this long is refused.
BODY_STALL_SECONDS = env.float("BODY_STALL_SECONDS", 30)
WEB_PROCESSES = env.int("WEB_PROCESSES", 1)
# Requests beside events that a web process works on at once. Events need no thread.
WEB_THREADS = env.int("WEB_THREADS", 32)
INGEST_LANE = env.str("INGEST_LANE", "on")
SITE_NAME = env.str("SITE_NAME", "Billing")
BASE_URL = env.str("BASE_URL", "http://127.0.0.1:8000")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("TRUSTED_ORIGINS", [])
# `web` is set by `serve` for its web processes alone: a pool breaks whatever forks.
IS_WEB_PROCESS = env.str("PROCESS", "") == "web"


def _secret_key() -> str:
    if given := env.str("SECRET_KEY", ""):
        return given
    path = secret_key_path(DATA_DIR)
    if path.exists():
        return path.read_text().strip()
    # `serve` writes the file before it starts anything, so only commands without sessions live with a passing key.
    return secrets.token_urlsafe(50)


SECRET_KEY = _secret_key()

# --- Database ------------------------------------------------------------------------------------------------------
DATABASES: dict[str, dict[str, Any]] = {
    "default": Env().dj_db_url("DATABASE_URL", embedded_database_url(DATA_DIR)),
}
DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
DATABASES["default"].setdefault("OPTIONS", {})
# For the few statements that are prepared: they are planned once, without looking at their parameters.
DATABASES["default"]["OPTIONS"] |= {
    "prepare_threshold": 2,
    "options": f"{DATABASES['default']['OPTIONS'].get('options', '')} -c plan_cache_mode=force_generic_plan".strip(),
}
if IS_WEB_PROCESS:
    # The pool asks of a connection whether it still lives, so that a database restart costs no request its answer.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 16, "timeout": 10}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Applications --------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_q",
    "djmoney",
    "pgtrigger",
    "pghistory",
    "metering",
    "pricing",
    "invoicing",
    "portal",
    "billing_site",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "billing_site.admin_site.ConsolePolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "metering.history.HistoryMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "billing_site.urls"
WSGI_APPLICATION = "billing_site.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- People --------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "metering.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "portal.adapter.AccountAdapter"
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
# An unknown address gets the same page as a known one, and no mail.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
LOGIN_URL = "account_request_login_code"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
AUTH_PASSWORD_VALIDATORS = [{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"}]

# --- E-mail: to the terminal until a server is named ----------------------------------------------------------------
EMAIL_URL = Env().dj_email_url("EMAIL_URL", "console:")
EMAIL_BACKEND = EMAIL_URL["EMAIL_BACKEND"] if Env().str("EMAIL_URL", "") else "portal.terminal_email.EmailBackend"
EMAIL_HOST = EMAIL_URL.get("EMAIL_HOST", "")
EMAIL_PORT = EMAIL_URL.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = EMAIL_URL.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = EMAIL_URL.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = EMAIL_URL.get("EMAIL_USE_TLS", False)
DEFAULT_FROM_EMAIL = env.str("FROM_EMAIL", "billing@localhost")

# --- Time, language, money -----------------------------------------------------------------------------------------
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = True
FORMAT_MODULE_PATH = "billing_site.formats"
DEFAULT_CURRENCY = env.str("DEFAULT_CURRENCY", "USD")
SELLER_TIME_ZONE = env.str("TIME_ZONE", "UTC")

# --- New customers -------------------------------------------------------------------------------------------------
# The key of a plan; empty: nobody is subscribed without being asked.
DEFAULT_PLAN = env.str("DEFAULT_PLAN", "").strip()
# Off: several at a time, as long as no feature is billed twice.
ONE_SUBSCRIPTION_PER_CUSTOMER = env.bool("ONE_SUBSCRIPTION_PER_CUSTOMER", True)
CUSTOMER_PER_SUBJECT = env.bool("CUSTOMER_PER_SUBJECT", False)

# --- Static files --------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True

# --- Queue ---------------------------------------------------------------------------------------------------------
Q_CLUSTER = {
    "name": "billing",
    "orm": "default",
    "workers": 1,
    "timeout": 600,
    "retry": 900,
    "max_attempts": 3,
    "poll": 0.5,
    "catch_up": True,
    "save_limit": 1000,
    "label": "Jobs",
}

# --- Security ------------------------------------------------------------------------------------------------------
SESSION_COOKIE_NAME = "billing_session_" + hashlib.sha256(str(DATA_DIR).encode()).hexdigest()[:8]
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = False
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
# The form of a plan has some 40 inputs for each rate card.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
        "base-uri": ["'self'"],
    },
}

# --- Interface -----------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["metering.rendering.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["metering.rendering.JsonParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "metering.rendering.Negotiation",
    "DEFAULT_AUTHENTICATION_CLASSES": ["metering.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["metering.authentication.HasScope"],
    "DEFAULT_SCHEMA_CLASS": "metering.api.schema.document.DocumentSchema",
    "EXCEPTION_HANDLER": "metering.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
}

_LOG_LEVEL = env.str("LOG_LEVEL", "WARNING")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"client_errors_at_info": {"()": "metering.problems.ClientErrorsAtInfo"}},
    "handlers": {"terminal": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "loggers": {"django.request": {"filters": ["client_errors_at_info"], "level": _LOG_LEVEL}},
    "root": {"handlers": ["terminal"], "level": _LOG_LEVEL},
}

"""Settings. Every value that depends on the place comes from the environment (`env.py`)."""

import re
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from corsheaders.defaults import default_headers
from django.core.exceptions import ImproperlyConfigured

from project import database, env
from project.env import BASE_DIR, VAR_DIR
from providers.config import (
    OLLAMA_URL,
    OPENAI_URL,
    EchoSettings,
    InferenceSettings,
    LocalSettings,
    OllamaSettings,
    OpenAISettings,
    ProviderSettings,
)

DEBUG = env.flag("DEBUG")
HOST = env.text("HOST", "127.0.0.1")
PORT = env.whole("PORT", 8000, least=1)
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]"))
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS")
# Where people reach the server. Hosts, origins, HTTPS and links follow from it.
PUBLIC_URL = env.public_url("PUBLIC_URL")
if PUBLIC_URL:
    ALLOWED_HOSTS.append(re.sub(r":\d+$", "", urlsplit(PUBLIC_URL).netloc))
    CSRF_TRUSTED_ORIGINS.append(PUBLIC_URL)
# Lets a program read /metrics from another machine: Authorization: Bearer.
METRICS_TOKEN = env.text("METRICS_TOKEN")

# --- Database -------------------------------------------------------------------------------

_database = database.settings_for(
    env.text("DATABASE_URL", f"sqlite:///{VAR_DIR / 'chat.sqlite3'}"),
    pool_size=env.whole("DATABASE_POOL_SIZE", 10, least=2),
)
STATE_DIR = database.state_dir(_database, VAR_DIR)
SERVER_LOCK = database.server_lock(_database, STATE_DIR)
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SECRET_KEY = env.secret_key(STATE_DIR)
SECRET_KEY_FALLBACKS = env.names("SECRET_KEY_FALLBACKS")
SECRET_KEY_GIVEN = bool(env.text("SECRET_KEY"))
# How many processes `uvicorn` starts.
WEB_CONCURRENCY = env.whole("WEB_CONCURRENCY", 1, least=1)

# --- Files ----------------------------------------------------------------------------------

# Where people's files are; several processes share it. With a bucket only what is being uploaded.
CHAT_FILES_DIR = Path(env.text("CHAT_FILES_DIR", str(STATE_DIR / "files")))
CHAT_FILES_BUCKET = env.text("CHAT_FILES_BUCKET")
# Bytes of one file; all of a person are bounded by CHAT_STORAGE_MB.
CHAT_MAX_FILE = env.whole("CHAT_MAX_FILE_MB", 20, least=1) * 1_000_000
STORAGES: dict[str, Any] = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": CHAT_FILES_DIR,
            "allow_overwrite": True,  # under a name are the same bytes, or nothing that counts
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
if CHAT_FILES_BUCKET:
    STORAGES["default"] = {
        "BACKEND": "conversations.files.s3.FilesInBucket",
        "OPTIONS": {
            "bucket_name": CHAT_FILES_BUCKET,
            # Amazon's, unless another is named; without keys by the role of the machine.
            "endpoint_url": env.text("CHAT_FILES_ENDPOINT") or None,
            "region_name": env.text("CHAT_FILES_REGION") or None,
            "access_key": env.text("AWS_ACCESS_KEY_ID") or None,
            "secret_key": env.text("AWS_SECRET_ACCESS_KEY") or None,
        },
    }
# Uploads come to the disk of the files, not into memory, which /tmp may be.
FILE_UPLOAD_TEMP_DIR = CHAT_FILES_DIR / "uploads"
with suppress(OSError):  # Django's check says that it is not there
    FILE_UPLOAD_TEMP_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

# --- Application ----------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.humanize",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "corsheaders",
    "django_vite",
    "rest_framework",
    "project.apps.DescriptionConfig",
    "drf_spectacular_sidecar",
    "project",
    "conversations",
    "streaming",
]
MIDDLEWARE = [
    "project.refusals.refusals_for_programs",
    "project.middleware.SecurityMiddleware",
    "project.security.content_security_policy",
    "project.security.cookies_and_caches",
    "corsheaders.middleware.CorsMiddleware",
    "project.middleware.SessionMiddleware",
    "project.middleware.LocaleMiddleware",
    "project.middleware.CommonMiddleware",
    "project.middleware.CsrfViewMiddleware",
    "project.middleware.AuthenticationMiddleware",
    "project.middleware.MessageMiddleware",
    "project.middleware.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "project.urls"
ASGI_APPLICATION = "project.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "project.pages.theme",
            ],
        },
    },
]
LANGUAGE_CODE = "en"
# Of the pages; the API is English. `web/src/language/catalogues/` has the same.
LANGUAGES = [
    ("en", "English"),
    ("de", "Deutsch"),
    ("fr", "Français"),
    ("es", "Español"),
    ("ja", "日本語"),
    ("zh-hans", "简体中文"),
    ("ar", "العربية"),
]
LOCALE_PATHS = [BASE_DIR / "project" / "locale"]
LANGUAGE_COOKIE_NAME = "language"
FORMAT_MODULE_PATH = "project.formats"
TIME_ZONE = "UTC"
USE_TZ = True

# --- Several processes ----------------------------------------------------------------------

# What several processes share besides the database; without it there is one process.
REDIS_URL = env.redis_url("REDIS_URL")
CHANNEL_LAYERS: dict[str, Any] = {"default": {"BACKEND": "streaming.memory_layer.MemoryLayer"}}
CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        # Counters of sign-in attempts, which nobody may push out by making up names.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
if REDIS_URL:
    CHANNEL_LAYERS["default"] = {
        "BACKEND": "streaming.cluster.hint_layer.HintLayer",
        # Pub/sub knows no databases: the prefix keeps two installations on one Redis apart.
        "CONFIG": {"url": REDIS_URL, "prefix": f"chat{urlsplit(REDIS_URL).path}:hint:"},
    }
    CACHES["default"] = {
        "BACKEND": "project.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "chat:cache",
        "OPTIONS": {
            "serializer": "project.cache.JsonSerializer",
            "socket_timeout": 2,
            "socket_connect_timeout": 2,
        },
    }

# --- Accounts and safety --------------------------------------------------------------------

AUTH_USER_MODEL = "conversations.User"
LOGIN_URL = "signin"
LOGIN_REDIRECT_URL = "welcome"
LOGOUT_REDIRECT_URL = "signin"
# scrypt lets go of the interpreter while it works and takes a tenth of PBKDF2's time.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
# The second keeps sessions good that began before the first was there.
AUTHENTICATION_BACKENDS = [
    "conversations.people.backends.PasswordBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# Whether strangers may ask for an account, which then waits for approval.
SIGN_UP = env.choice("SIGN_UP", ("off", "open"), "off")
# Whether push services may be inside, and without HTTPS: their addresses come from browsers.
PUSH_PRIVATE_SERVICES = env.flag("PUSH_PRIVATE_SERVICES", False)
# Proxies in front of the server that add to X-Forwarded-For. Without any, nobody's word is taken
# for where a request comes from.
TRUSTED_PROXIES = env.whole("TRUSTED_PROXIES", 0)
SESSION_ENGINE = "conversations.people.sessions"
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "project.pages.csrf_failure"
# Reached only through a proxy with TLS, which says so in X-Forwarded-Proto.
HTTPS_ONLY = env.flag("HTTPS_ONLY", PUBLIC_URL.startswith("https:"))
if HTTPS_ONLY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$", "^metrics$"]  # asked from inside
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    # Bound to this host and to HTTPS by their names. `project.security` takes the old ones, too.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SILENCED_SYSTEM_CHECKS = [
    *("security.W005", "security.W021"),  # names below ours, which are not ours to decide on
    *("security.W004", "security.W008", "security.W010", "security.W016"),  # chat.W004 says it
    *(
        "security.W001",
        "security.W002",
        "security.W003",
    ),  # ours (`project/middleware.py`) are Django's
]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Pages of these origins may use the API with a key of their own; the page's cookie is never
# sent along for them, since the answer does not allow credentials.
CORS_ALLOWED_ORIGINS = env.origins("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/(api|v1)/"
CORS_ALLOW_CREDENTIALS = False
# OpenAI's client for browsers tells of itself in headers of its own.
CORS_ALLOW_HEADERS = (
    *default_headers,
    "openai-beta",
    "openai-organization",
    "openai-project",
    *(
        f"x-stainless-{name}"
        for name in (
            "arch",
            "helper-method",
            "lang",
            "os",
            "package-version",
            "retry-count",
            "runtime",
            "runtime-version",
            "timeout",
        )
    ),
)
CORS_EXPOSE_HEADERS = ("Retry-After", "X-Request-Id")

# --- REST -----------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["conversations.people.authentication.CallerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "conversations.people.permissions.KeyScope",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["conversations.people.writes.WriteThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "conversations.exception_handler.exception_handler",
    "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%S.%fZ",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Chat Playground",
    "VERSION": "1",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/",
    "PATH_CONVERTER_OVERRIDES": {"id": UUID},
    "SERVE_INCLUDE_SCHEMA": False,
    "ENFORCE_NON_BLANK_FIELDS": True,
    "PREPROCESSING_HOOKS": ["conversations.schema.prepare"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "conversations.schema.add_refusals",
        "project.health.describe",
        "streaming.v1.schema.describe",
    ],
    "ENUM_NAME_OVERRIDES": {
        "Role": "conversations.threads.models.Message.Role",
        "Status": "conversations.threads.models.Status",
        "Scope": "conversations.people.models.ApiKey.Scope",
        "ModelJobKind": "conversations.connections.models.ModelJob.Kind",
        "ModelJobState": "conversations.connections.models.ModelJob.State",
        "ConnectionKind": "conversations.connections.models.Connection.Kind",
    },
}

# --- The page -------------------------------------------------------------------------------

STATIC_URL = "/static/"
DJANGO_VITE = {
    "default": {
        "dev_mode": DEBUG and env.flag("VITE_DEV"),
        "dev_server_port": env.whole("VITE_PORT", 5173, least=1),
        "manifest_path": BASE_DIR / "web" / "dist" / "manifest.json",
        "static_url_prefix": "chat",
    }
}

# --- Providers ------------------------------------------------------------------------------

_TIMEOUTS: dict[str, Any] = {
    "first_byte_timeout_s": env.number("PROVIDER_FIRST_BYTE_TIMEOUT", 1800.0, least=0.1),
    "gap_timeout_s": env.number("PROVIDER_GAP_TIMEOUT", 600.0, least=0.1),
}
# In the order in which the first that answers is the default.
PROVIDERS: dict[str, ProviderSettings] = {
    "openai": OpenAISettings(
        configured=env.flag("USE_OPENAI"),
        api_key=env.text("OPENAI_API_KEY"),
        base_url=env.text("OPENAI_BASE_URL", OPENAI_URL),
        chat_model=env.text("OPENAI_CHAT_MODEL"),
        **_TIMEOUTS,
    ),
    "inference": InferenceSettings(
        url=env.text("INFERENCE_SERVICE_URL"),
        api_key=env.text("INFERENCE_SERVICE_API_KEY"),
        timeout_s=env.number("INFERENCE_SERVICE_TIMEOUT", 30.0, least=0.1),
    ),
    "ollama": OllamaSettings(
        base_url=env.text("OLLAMA_BASE_URL") or env.text("OLLAMA_HOST", OLLAMA_URL),
        context_length=env.whole("OLLAMA_CONTEXT_LENGTH", 0) or None,
        **_TIMEOUTS,
    ),
    "local": LocalSettings(
        enabled=env.choice("LOCAL_MODEL", ("auto", "off"), "auto") == "auto",
        directory=VAR_DIR / "models",
    ),
    "echo": EchoSettings(),
}
_PROVIDERS = tuple(PROVIDERS)

CHAT_DEFAULT_PROVIDER = env.choice("CHAT_DEFAULT_PROVIDER", ("", *_PROVIDERS), "")
CHAT_DEFAULT_MODEL = env.text("CHAT_DEFAULT_MODEL")
CHAT_FALLBACK_PROVIDERS = env.names("CHAT_FALLBACK_PROVIDERS")
if _unknown := [name for name in CHAT_FALLBACK_PROVIDERS if name not in _PROVIDERS]:
    raise ImproperlyConfigured(
        f"The environment variable CHAT_FALLBACK_PROVIDERS names {_unknown[0]}; "
        f"there are {', '.join(_PROVIDERS)}."
    )
CHAT_ALLOWED_MODELS = env.names("CHAT_ALLOWED_MODELS")

# How many requests are with a provider at once; the others wait in a queue.
PROVIDER_MAX_CONCURRENCY = env.shares("PROVIDER_MAX_CONCURRENCY", 64)
if _unknown := [name for name in PROVIDER_MAX_CONCURRENCY if name not in ("", *_PROVIDERS)]:
    raise ImproperlyConfigured(
        f"The environment variable PROVIDER_MAX_CONCURRENCY names {_unknown[0]}; "
        f"there are {', '.join(_PROVIDERS)}."
    )

# --- Chat -----------------------------------------------------------------------------------

# What a request may choose: (least, most, default, step of the page's slider).
_most_tokens = env.whole("CHAT_MAX_TOKENS", 1024, least=1)
_least_tokens = min(256, _most_tokens)
_hottest = env.number("CHAT_MAX_TEMPERATURE", 1.0, most=2.0)
CHAT_PARAMETERS = {
    "temperature": (0.0, _hottest, min(0.7, _hottest), 0.1),
    "max_tokens": (
        _least_tokens,
        _most_tokens,
        env.whole(
            "CHAT_DEFAULT_MAX_TOKENS",
            min(512, _most_tokens),
            least=_least_tokens,
            most=_most_tokens,
        ),
        1,
    ),
    "top_p": (0.0, 1.0, 1.0, 0.05),
}
# Tokens that the replies of one turn may write while they call tools.
CHAT_TOOL_TOKENS = env.whole("CHAT_TOOL_TOKENS", 32_000)
# Seconds that a call of a tool may take.
CHAT_TOOL_SECONDS = env.number("CHAT_TOOL_SECONDS", 30.0, least=0.1, most=600.0)
# Asked for beside `max_tokens` where the model thinks before it answers.
CHAT_REASONING_TOKENS = env.whole("CHAT_REASONING_TOKENS", 4096)
# Longest message in characters, and longest socket frame in bytes: room for the longest message
# in any script, below the 1 MiB at which daphne closes without a word.
CHAT_MAX_CONTENT = 200_000
CHAT_MAX_FRAME = 1_000_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
# For each user, by whichever door they come; 0 for no limit. The admin can say otherwise for one
# user or one key.
CHAT_REQUESTS_PER_MINUTE = env.whole("CHAT_REQUESTS_PER_MINUTE", 20)
CHAT_CONCURRENT_REQUESTS = env.whole("CHAT_CONCURRENT_REQUESTS", 3)
# Megabytes that the texts of one person may take; 0 for no limit.
CHAT_STORAGE_MB = env.whole("CHAT_STORAGE_MB", 1024)
# Of `/v1`, whose requests carry images and whole histories.
V1_MAX_BODY = 20_000_000
# Where tiktoken finds the encoding in which programs send tokens to /v1/embeddings.
TIKTOKEN_CACHE_DIR = env.text("TIKTOKEN_CACHE_DIR")
CHAT_HEARTBEAT_SECONDS = env.number("CHAT_HEARTBEAT_SECONDS", 10.0, least=0.1)
CHAT_SOCKETS_PER_USER = env.whole("CHAT_SOCKETS_PER_USER", 200, least=1)
# The window taken for a model whose provider does not say how large it is.
CHAT_DEFAULT_WINDOW = env.whole("CHAT_DEFAULT_WINDOW", 8192, least=512)
# Most of the text of a reply, and of its reasoning, in MB.
CHAT_MAX_REPLY_MB = env.whole("CHAT_MAX_REPLY_MB", 4, least=1)
# How long running replies may go on when the server is told to end.
CHAT_DRAIN_SECONDS = env.number("CHAT_DRAIN_SECONDS", 25.0)

# --- Logging --------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "project.logs.OneLineFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "conversations": {"level": "INFO"},
        "project": {"level": "INFO"},
        "providers": {"level": "INFO"},
        "streaming": {"level": "INFO"},
    },
}

"""Django OAuth Toolkit in a minimal project: Django's sign-in, SQLite.

Usage: django_server.py FOLDER. It prints one line of JSON when it listens, and ends when its input does.
"""

import json
import secrets
import sys
import threading
from pathlib import Path

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings

FOLDER = Path(sys.argv[1])
PASSWORD = f"a password of {secrets.token_urlsafe(16)}"


def lifetime(_request=None):
    try:
        return int((FOLDER / "lifetime").read_text())
    except FileNotFoundError:
        return 300


def key():
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


LOGIN_PAGE = '<form method="post">{% csrf_token %}{{ form.as_p }}<input type="submit"></form>'
settings.configure(
    SECRET_KEY=secrets.token_urlsafe(),
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    LOGIN_URL="/login/",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": FOLDER / "db",
            "OPTIONS": {"timeout": 10},
        }
    },
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "oauth2_provider",
    ],
    MIDDLEWARE=[
        "django.middleware.common.CommonMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    (
                        "django.template.loaders.locmem.Loader",
                        {"registration/login.html": LOGIN_PAGE},
                    ),
                    "django.template.loaders.app_directories.Loader",
                ],
            },
        }
    ],
    OAUTH2_PROVIDER={
        "SCOPES": {"read": "Read", "openid": "Who you are"},
        "DEFAULT_SCOPES": ["read"],
        "ACCESS_TOKEN_EXPIRE_SECONDS": lifetime,
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": key(),
        "PKCE_REQUIRED": True,
        "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 0,
    },
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.contrib.auth.views import LoginView  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.servers.basehttp import (  # noqa: E402
    WSGIRequestHandler,
    WSGIServer,
)
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.urls import include, path  # noqa: E402
from oauth2_provider.decorators import protected_resource  # noqa: E402
from oauth2_provider.models import Application  # noqa: E402


@protected_resource(scopes=[])
def me(request):
    user = request.resource_owner
    return JsonResponse({"user": user.username if user else None})


urlpatterns = [
    path("login/", LoginView.as_view()),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("api/me", me),
]


class Handler(WSGIRequestHandler):
    def log_message(self, *_arguments):
        pass


def register():
    call_command("migrate", verbosity=0)
    ada = User.objects.create_user("ada", password=PASSWORD)
    clients = {}
    for name, kind, grant in [
        ("client-credentials", "confidential", "client-credentials"),
        ("password", "confidential", "password"),
        ("code", "public", "authorization-code"),
        ("code-secret", "confidential", "authorization-code"),
    ]:
        # Form-encoding must leave these unchanged, and does not everywhere.
        secret = f"{secrets.token_hex(16)}-._~"
        application = Application.objects.create(
            name=name,
            user=ada,
            client_type=kind,
            authorization_grant_type=grant,
            client_secret=secret,
            redirect_uris="http://127.0.0.1/callback",
            algorithm="RS256",
        )
        clients[name] = {"client_id": application.client_id, "client_secret": secret}
    return clients


def main():
    clients = register()
    # One thread, because SQLite ends a transaction if another writer was faster.
    server = WSGIServer(("127.0.0.1", 0), Handler, ipv6=False)
    server.set_app(get_wsgi_application())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    print(json.dumps({"url": url, "clients": clients, "password": PASSWORD}), flush=True)
    sys.stdin.read()


main()

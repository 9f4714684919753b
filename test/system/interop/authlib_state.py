"""The state of the authorization server in `authlib_server.py`: clients, users, codes, tokens."""

import secrets
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

from authlib.jose import JsonWebKey
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin
from authlib.oauth2.rfc8628 import DEVICE_CODE_GRANT_TYPE

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"

SCOPES = ["openid", "offline_access", "profile", "read", "write"]
# Form-encoding changes each of these characters, so it shows whether a client encodes.
PUNCTUATION = "+/%: &="


class User:
    def __init__(self, name):
        self.name = name
        self.password = "pässword " + secrets.token_urlsafe(12) + PUNCTUATION

    def get_user_id(self):
        return self.name


class Client(ClientMixin):
    def __init__(self, client_id, method, grants, secret=None, key=None):
        self.client_id = client_id
        self.method = method
        self.grants = grants
        self.secret = secret
        self.key = key
        self.algorithm = "HS256" if key is None else "RS256" if key.kty == "RSA" else "ES256"

    def describe(self):
        """The values that the client's owner receives. A key leaves the process only here."""
        text = {"client_id": self.client_id, "method": self.method}
        if self.secret:
            text["client_secret"] = self.secret
        if self.key:
            text["private_key"] = self.key.as_pem(is_private=True).decode()
            text["private_jwk"] = self.key.as_dict(is_private=True, alg=self.algorithm)
        return text

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return None

    def get_allowed_scope(self, scope):
        return scope  # the server has refused unknown ones

    def check_redirect_uri(self, redirect_uri):
        # RFC 8252 section 7.3: any port of a loopback address.
        parts = urlsplit(redirect_uri)
        return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1")

    def check_client_secret(self, client_secret):
        return bool(self.secret) and secrets.compare_digest(self.secret.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method, endpoint):
        return method == self.method or (
            method == "client_assertion_jwt" and self.method in ("client_secret_jwt", "private_key_jwt")
        )

    def check_response_type(self, response_type):
        return response_type == "code" and "authorization_code" in self.grants

    def check_grant_type(self, grant_type):
        return grant_type in self.grants


class Token(TokenMixin):
    def __init__(self, values, client_id, user, family):
        self.values = values
        self.client_id = client_id
        self.user = user
        self.family = family
        self.issued_at = time.time()
        self.refreshed = False
        self.revoked = False

    def check_client(self, client):
        return self.client_id == client.client_id

    def get_scope(self):
        return self.values.get("scope", "")

    def get_expires_in(self):
        return None  # a refreshed token gets the current lifetime

    def is_expired(self):
        return time.time() > self.issued_at + self.values["expires_in"]

    def is_revoked(self):
        return self.revoked


class State:
    def __init__(self):
        self.lock = threading.RLock()
        self.counters = Counter()
        self.settings = {"lifetime": 3600, "jwt": False, "rotate": True, "interval": 1, "device_lifetime": 300}
        self.codes = {}
        self.devices = {}
        self.tokens = []
        self.used_assertions = set()
        self.signing_key = JsonWebKey.generate_key("EC", "P-256", {"kid": "1"}, is_private=True)
        self.users = {name: User(name) for name in ("ada", "grace@example.com")}
        self.clients = {client.client_id: client for client in make_clients()}

    def query_client(self, client_id):
        return self.clients.get(client_id)

    def check_user(self, name, password):
        user = self.users.get(name)
        return user if user and secrets.compare_digest(user.password.encode(), password.encode()) else None

    def save_token(self, values, request):
        """Saves an issued token. A refreshed one joins the family of its predecessor."""
        before = request.credential
        family = before.family if isinstance(before, Token) else secrets.token_hex(8)
        self.counters["issued " + request.grant_type] += 1
        self.tokens.append(Token(values, request.client.client_id, request.user, family))

    def find_token(self, value, kinds=("access_token", "refresh_token")):
        for token in self.tokens:
            if any(token.values.get(kind) == value for kind in kinds):
                return token
        return None

    def revoke_family(self, family):
        for token in self.tokens:
            if token.family == family:
                token.revoked = True


def make_clients():
    plain = secrets.token_hex(24)
    rsa = JsonWebKey.generate_key("RSA", 2048, is_private=True)
    ec = JsonWebKey.generate_key("EC", "P-256", is_private=True)
    renewable = ["refresh_token"]

    def secret():
        return secrets.token_urlsafe(24) + PUNCTUATION

    return [
        Client("post", "client_secret_post", ["client_credentials"], secret()),
        Client("basic", "client_secret_basic", ["client_credentials"], plain),
        Client("basic+raw", "client_secret_basic", ["client_credentials"], secret()),
        Client("jwt", "client_secret_jwt", ["client_credentials"], secret()),
        Client("rsa", "private_key_jwt", ["client_credentials", JWT_BEARER], key=rsa),
        Client("ec", "private_key_jwt", ["client_credentials", JWT_BEARER], key=ec),
        Client("password", "client_secret_post", ["password"] + renewable, secret()),
        Client("code", "none", ["authorization_code"] + renewable),
        Client("code-secret", "client_secret_post", ["authorization_code"] + renewable, secret()),
        Client("device", "none", [DEVICE_CODE_GRANT_TYPE] + renewable),
    ]

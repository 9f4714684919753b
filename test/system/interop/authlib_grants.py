"""The grants and endpoints of `authlib_server.py`, one class each, as authlib requires."""

import secrets
import time

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidGrantError, InvalidRequestError, grants
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion, JWTBearerGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint, DeviceCodeGrant, DeviceCredentialMixin
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode

METHODS = ["client_secret_basic", "client_secret_post", "client_assertion_jwt", "none"]


class Code(AuthorizationCodeMixin):
    def __init__(self, code, request):
        self.code = code
        self.client_id = request.client.client_id
        self.user = request.user
        self.redirect_uri = request.redirect_uri
        self.scope = request.scope or ""
        self.nonce = request.data.get("nonce")
        self.code_challenge = request.data.get("code_challenge")
        self.code_challenge_method = request.data.get("code_challenge_method")
        self.until = time.time() + 60

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope

    def get_nonce(self):
        return self.nonce

    def get_auth_time(self):
        return int(time.time())


class DeviceCredential(DeviceCredentialMixin):
    def __init__(self, client_id, scope, data):
        self.client_id = client_id
        self.scope = scope or ""
        self.data = data
        self.answer = None  # (user, approved) after the answer
        self.until = time.time() + data["expires_in"]
        self.last_poll = 0.0

    def get_client_id(self):
        return self.client_id

    def get_scope(self):
        return self.scope

    def get_user_code(self):
        return self.data["user_code"]

    def is_expired(self):
        return time.time() > self.until


class S256Only(CodeChallenge):
    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant):
        if grant.request.data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("This server wants PKCE with S256.")
        super().validate_code_challenge(grant)


def add_grants(server, state, url):
    """Registers every grant, endpoint and client authentication on an authlib server."""

    class ClientCredentials(grants.ClientCredentialsGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    class Password(grants.ResourceOwnerPasswordCredentialsGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = METHODS

        def authenticate_user(self, username, password):
            return state.check_user(username, password)

    class AuthorizationCode(grants.AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = METHODS

        def save_authorization_code(self, code, request):
            state.codes[code] = Code(code, request)

        def query_authorization_code(self, code, client):
            saved = state.codes.get(code)
            usable = saved and saved.client_id == client.client_id and time.time() < saved.until
            return saved if usable else None

        def delete_authorization_code(self, authorization_code):
            del state.codes[authorization_code.code]

        def authenticate_user(self, authorization_code):
            return authorization_code.user

    class Refresh(grants.RefreshTokenGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = METHODS

        @property
        def INCLUDE_NEW_REFRESH_TOKEN(self):
            return state.settings["rotate"]

        def authenticate_refresh_token(self, refresh_token):
            token = state.find_token(refresh_token, ("refresh_token",))
            if token and token.refreshed:
                state.counters["reuse"] += 1
                state.revoke_family(token.family)
            return token if token and not token.revoked else None

        def authenticate_user(self, credential):
            return credential.user

        def revoke_old_credential(self, credential):
            credential.refreshed = state.settings["rotate"]

    class Device(DeviceCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = METHODS

        def query_device_credential(self, device_code):
            return state.devices.get(device_code)

        def query_user_grant(self, user_code):
            return next(d.answer for d in state.devices.values() if d.get_user_code() == user_code)

        def should_slow_down(self, credential):
            now = time.time()
            early = now - credential.last_poll < credential.data["interval"] * 0.9
            credential.last_poll = now
            state.counters["slow_down"] += early
            return early

    class DeviceAuthorization(DeviceAuthorizationEndpoint):
        CLIENT_AUTH_METHODS = METHODS

        @property
        def INTERVAL(self):
            return state.settings["interval"]

        @property
        def EXPIRES_IN(self):
            return state.settings["device_lifetime"]

        def get_verification_uri(self):
            return url + "/device"

        def save_device_credential(self, client_id, scope, data):
            state.devices[data["device_code"]] = DeviceCredential(client_id, scope, data)

    class Revocation(RevocationEndpoint):
        CLIENT_AUTH_METHODS = METHODS

        def query_token(self, token_string, token_type_hint):
            return state.find_token(token_string)

        def revoke_token(self, token, request):
            if token.values.get("refresh_token") == request.form["token"]:
                state.revoke_family(token.family)
            token.revoked = True
            state.counters["revoked"] += 1

    class Assertion(JWTBearerClientAssertion):
        def resolve_client_public_key(self, client, headers):
            if headers.get("alg") != client.algorithm:
                raise InvalidClientError(description="Wrong algorithm.")
            return client.secret if client.key is None else client.key

        def process_assertion_claims(self, assertion, resolve_key):
            claims = super().process_assertion_claims(assertion, resolve_key)
            # Many servers compare `aud` as one string, so a list with one member is refused here.
            if not isinstance(claims["aud"], str) or claims["exp"] > time.time() + 3600:
                raise InvalidClientError(description="Wrong audience or lifetime.")
            return claims

        def validate_jti(self, claims, jti):
            fresh = (claims["sub"], jti) not in state.used_assertions
            state.used_assertions.add((claims["sub"], jti))
            return fresh

    class ServiceAccount(JWTBearerGrant):
        """RFC 7523 section 2.1: the key of the issuer, which is the client, identifies the user."""

        CLAIMS_OPTIONS = {
            **JWTBearerGrant.CLAIMS_OPTIONS,
            "aud": {"essential": True, "value": url + "/token"},
        }

        def resolve_issuer_client(self, issuer):
            client = state.query_client(issuer)
            if client is None or client.key is None:
                raise InvalidGrantError(description="Unknown issuer.")
            return client

        def resolve_client_key(self, client, headers, payload):
            if headers.get("alg") != client.algorithm:
                raise InvalidGrantError(description="Wrong algorithm.")
            return client.key

        def process_assertion_claims(self, assertion):
            claims = super().process_assertion_claims(assertion)
            used = (claims["iss"], claims["jti"])
            if used in state.used_assertions or claims["exp"] > time.time() + 3600:
                raise InvalidGrantError(description="Used before, or good for too long.")
            state.used_assertions.add(used)
            return claims

        def authenticate_user(self, subject):
            return state.users.get(subject)

        def has_granted_permission(self, client, user):
            return user.name == "ada"

    class IdToken(OpenIDCode):
        def exists_nonce(self, nonce, request):
            return False

        def get_jwt_config(self, grant):
            return {"key": state.signing_key, "alg": "ES256", "iss": url, "exp": 300}

        def generate_user_info(self, user, scope):
            return UserInfo(sub=user.name, preferred_username=user.name)

    server.register_client_auth_method("client_assertion_jwt", Assertion(url + "/token"))
    for grant in (ClientCredentials, Password, Refresh, Device, ServiceAccount):
        server.register_grant(grant)
    server.register_grant(AuthorizationCode, [S256Only(required=True), IdToken()])
    server.register_endpoint(DeviceAuthorization)
    server.register_endpoint(Revocation)


def refresh_token(*_args, **_kwargs):
    """A generator of refresh tokens that are too long to guess."""
    return "rt_" + secrets.token_urlsafe(36)

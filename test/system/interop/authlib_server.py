"""An authorization server made of authlib and Flask, to test against independent code.

It listens on a free port of 127.0.0.1, prints one line of JSON (address, clients, users; every
secret is created for this run), and ends when its standard input is closed.
"""

import json
import logging
import os
import secrets
import sys
import threading
import time

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # loopback only: see `main`

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector, current_token
from authlib.jose import jwt
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6750 import BearerTokenValidator
from flask import Flask, jsonify, request
from werkzeug.serving import make_server

from authlib_grants import METHODS, add_grants, refresh_token
from authlib_state import SCOPES, State

PAGE = """<!doctype html><title>Sign in</title>
<form method="post"><input name="username"><input name="password" type="password">
<input name="user_code" value="{code}"><button name="answer" value="allow">Allow</button>
<button name="answer" value="deny">Deny</button></form>"""


def make_app(state, url):
    app = Flask(__name__)

    def access_token(client, grant_type, user, scope):
        if not state.settings["jwt"]:
            return "at_" + secrets.token_urlsafe(32)
        now = int(time.time())
        claims = {"iss": url, "aud": url + "/api", "sub": user.name if user else client.client_id,
                  "client_id": client.client_id, "iat": now, "exp": now + state.settings["lifetime"],
                  "jti": secrets.token_hex(8), "scope": scope}
        header = {"alg": "ES256", "typ": "at+jwt", "kid": "1"}
        return jwt.encode(header, claims, state.signing_key).decode()

    app.config["OAUTH2_ACCESS_TOKEN_GENERATOR"] = access_token
    app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = refresh_token
    app.config["OAUTH2_SCOPES_SUPPORTED"] = SCOPES
    server = AuthorizationServer(app, state.query_client, state.save_token)
    generator = server.create_bearer_token_generator(app.config)
    generator.expires_generator = lambda client, grant_type: state.settings["lifetime"]
    server.register_token_generator("default", generator)
    add_grants(server, state, url)

    class Validator(BearerTokenValidator):
        def authenticate_token(self, token_string):
            return state.find_token(token_string, ("access_token",))

    protect = ResourceProtector()
    protect.register_token_validator(Validator())

    @app.before_request
    def count():
        state.counters[request.method + " " + request.path] += 1
        if not {"client_secret", "client_assertion", "password", "token", "refresh_token"}.isdisjoint(request.args):
            state.counters["secret in a url"] += 1

    @app.post("/token")
    def token():
        with state.lock:
            return server.create_token_response()

    @app.post("/revoke")
    def revoke():
        with state.lock:
            return server.create_endpoint_response("revocation")

    @app.post("/device_authorization")
    def device_authorization():
        return server.create_endpoint_response("device_authorization")

    def person():
        user = state.check_user(request.form["username"], request.form["password"])
        return user, user is not None and request.form.get("answer") == "allow"

    @app.route("/authorize", methods=["GET", "POST"])
    def authorize():
        if request.method == "GET":
            try:
                server.get_consent_grant(end_user=None)
            except OAuth2Error as error:
                return error.description or error.error, 400
            return PAGE.format(code="")
        user, allowed = person()
        if user is None:
            return "Wrong user name or password.", 403
        return server.create_authorization_response(grant_user=user if allowed else None)

    @app.route("/device", methods=["GET", "POST"])
    def device():
        if request.method == "GET":
            code = request.args.get("user_code", "")
            return PAGE.format(code=code if code.replace("-", "").isalpha() else "")
        user, allowed = person()
        found = [d for d in state.devices.values() if d.get_user_code() == request.form["user_code"]]
        if user is None or not found:
            return "Wrong user name, password or code.", 403
        found[0].answer = (user, allowed)
        return "Done."

    @app.route("/api/me", methods=["GET", "POST"])
    @protect()
    def me():
        name = current_token.user.name if current_token.user else None
        return jsonify(client=current_token.client_id, user=name, scope=current_token.get_scope())

    @app.get("/.well-known/oauth-authorization-server")
    @app.get("/.well-known/openid-configuration")
    def metadata():
        methods = [m for m in METHODS if m != "client_assertion_jwt"] + ["client_secret_jwt", "private_key_jwt"]
        return jsonify(
            issuer=url, token_endpoint=url + "/token", authorization_endpoint=url + "/authorize",
            device_authorization_endpoint=url + "/device_authorization", revocation_endpoint=url + "/revoke",
            jwks_uri=url + "/jwks", scopes_supported=SCOPES, response_types_supported=["code"],
            subject_types_supported=["public"], id_token_signing_alg_values_supported=["ES256"],
            grant_types_supported=sorted({grant for c in state.clients.values() for grant in c.grants}),
            code_challenge_methods_supported=["S256"], token_endpoint_auth_methods_supported=methods,
            token_endpoint_auth_signing_alg_values_supported=["HS256", "RS256", "ES256"],
        )

    @app.get("/jwks")
    def jwks():
        return jsonify(keys=[state.signing_key.as_dict(use="sig", alg="ES256")])

    @app.get("/counters")
    def counters():
        return jsonify(state.counters)

    @app.post("/settings")
    def settings():
        state.settings.update(request.get_json())
        return jsonify(state.settings)

    return app


def main():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    state = State()
    listener = make_server("127.0.0.1", 0, Flask("not ready"), threaded=True)
    url = f"http://127.0.0.1:{listener.server_port}"
    listener.app = make_app(state, url)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    ready = {
        "url": url,
        "clients": {name: client.describe() for name, client in state.clients.items()},
        "users": {name: user.password for name, user in state.users.items()},
    }
    print(json.dumps(ready), flush=True)
    sys.stdin.read()
    listener.shutdown()


if __name__ == "__main__":
    main()

import assert from "node:assert/strict";
import { isSecretField, secrecyOf } from "../src/trust.ts";
import { eachRow, test } from "./support/tests.ts";

const rows = (seen: string, names: string) =>
  names.split(" ").map((field) => ({ name: `${seen}: ${field}`, field }));

test("secrecyOf() recognizes secrets by their names", () =>
  eachRow([
    ...rows("trust 19", "secret_id passphrase pin pass pwd connection_string"),
    ...rows("its kind", "passwd otp totp_seed mfa_code user_pass pin_code pin2 sid session_id"),
    ...rows("tokens", "access_token refresh_token id_token token api_token bearer pat jwt"),
    ...rows("keys", "api_key apikey apiKey API-Key private_key access_key secret_key dpop_key"),
    ...rows("the field's", "client_secret clientSecret CLIENT_SECRET password assertion"),
    ...rows("clouds", "sas connectionString conn_str shared_access_signature secret_access_key"),
    ...rows("an id of a secret", "client_secret_id role_secret_id credential_id"),
    ...rows(
      "addresses that let in",
      "sas_url webhook_url totp_uri otpauth_url magic_link reset_url",
    ),
    ...rows(
      "own attack on trust 19: they contain a password",
      "database_url DATABASE_URL db_uri mongo_uri mongodb_url redis_url postgres_url jdbcUrl amqp_url",
    ),
    ...rows("the same", "connection_uri broker_url webhook_endpoint invite_link"),
    ...rows("cookies", "cookie session_cookie credentials"),
    ...rows(
      "own attack on trust 3, 15, 19",
      "ticket login_ticket sentry_dsn registry_auth npm_config__auth",
    ),
  ], ({ field }) => assert.equal(secrecyOf(field), "secret")));

test("secrecyOf() recognizes values that are not secret", () =>
  eachRow([
    ...rows("ids", "client_id tenant_id clientId key_id access_key_id id ids kid uuid clientid"),
    ...rows("addresses", "token_url token_endpoint authUrl api_url redirect_uri password_url"),
    ...rows("people", "username user user_name userName email login"),
    ...rows("about a token", "token_type expires_in expires_at scope issued_at secret_expires_at"),
    ...rows("about a client", "client_name resource audience issuer region api_version"),
    ...rows("a key that all may see", "public_key"),
  ], ({ field }) => assert.equal(secrecyOf(field), "open")));

test("isSecretField() treats an unknown field as a secret", () => {
  for (const field of ["", "nonce", "blob", "x9", "value", "grid", "constructor", "pinned"]) {
    assert.equal(secrecyOf(field), "unknown", field);
    assert.equal(isSecretField(field), true, field);
  }
  assert.equal(isSecretField("username"), false);
});

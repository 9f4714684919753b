import assert from "node:assert/strict";
import { doubtsOf } from "../../src/doctor/reach.ts";
import { plainProvider } from "../support/parts.ts";
import { eachRow, test } from "../support/tests.ts";

const full = {
  token_endpoint: "https://a.example/token",
  authorization_endpoint: "https://a.example/authorize",
};

test("doubtsOf() compares metadata with a definition (wild.md F)", () =>
  eachRow<{
    name: string;
    seen: string;
    metadata: Record<string, unknown>;
    provider?: Parameters<typeof plainProvider>[0];
    says: RegExp[];
  }>([
    { name: "says nothing", seen: "RFC 8414: all are optional", metadata: full, says: [] },
    {
      name: "another grant",
      seen: "Auth0: a tenant without the password grant",
      metadata: { ...full, grant_types_supported: ["authorization_code", "refresh_token"] },
      says: [/does not list the grant "client_credentials".*authorization_code/],
    },
    {
      name: "the device grant under its long name",
      seen: "RFC 8628 section 4",
      metadata: {
        ...full,
        device_authorization_endpoint: "https://a.example/device",
        grant_types_supported: ["urn:ietf:params:oauth:grant-type:device_code"],
      },
      provider: { grant: "device_code" },
      says: [],
    },
    {
      name: "no device endpoint",
      seen: "Keycloak with the device grant switched off",
      metadata: full,
      provider: { grant: "device_code", endpoints: {}, issuer: "https://a.example" },
      says: [/has no device_authorization_endpoint/],
    },
    {
      name: "another client authentication",
      seen: "a server for assertions alone",
      metadata: { ...full, token_endpoint_auth_methods_supported: ["private_key_jwt"] },
      says: [/does not list the client authentication "client_secret_post".*private_key_jwt/],
    },
    {
      name: "Basic where post is configured: Basic is used",
      seen: "RFC 6749 section 2.3.1",
      metadata: { ...full, token_endpoint_auth_methods_supported: ["client_secret_basic"] },
      says: [],
    },
    {
      name: "Basic, unencoded",
      seen: "client_secret_basic_raw is ours",
      metadata: { ...full, token_endpoint_auth_methods_supported: ["client_secret_basic"] },
      provider: { clientAuthentication: "client_secret_basic_raw" },
      says: [],
    },
  ], ({ metadata, provider, says }) => {
    const doubts = doubtsOf(metadata, plainProvider(provider), "The issuer");
    assert.equal(doubts.length, says.length, doubts.join());
    for (const [at, pattern] of says.entries()) assert.match(doubts[at] ?? "", pattern);
  }));

import assert from "node:assert/strict";
import { getSession } from "../../mod.ts";
import type { AuthErrorCode } from "../../src/errors.ts";
import { fakeServer, json } from "../support/fake_server.ts";
import { TestFolder } from "../support/folder.ts";
import { jwt } from "../support/jwt.ts";
import { plainProvider } from "../support/parts.ts";
import { scriptedPerson } from "../support/person.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";
import { savedToken } from "../support/world.ts";

const ISSUER = "https://login.example.com";

interface Row {
  name: string;
  /** The differences from good claims. */
  claims?: Record<string, unknown>;
  /** The differences from a good redirect. */
  redirect?: Record<string, string>;
  code: AuthErrorCode | null;
}

test("a response that is not for this sign-in is refused, and nothing is saved", () =>
  eachRow<Row>([
    { name: "good", code: null },
    { name: "good, for several", claims: { aud: ["client", "api"], azp: "client" }, code: null },
    { name: "another nonce", claims: { nonce: "of another sign-in" }, code: "bad_response" },
    { name: "no nonce", claims: { nonce: undefined }, code: "bad_response" },
    { name: "another client", claims: { aud: "another" }, code: "bad_response" },
    { name: "another issuer", claims: { iss: "https://evil.example" }, code: "bad_response" },
    { name: "expired", claims: { exp: 1 }, code: "bad_response" },
    {
      name: "issued in the future",
      claims: {
        iat: Math.floor(Date.now() / 1000) + 3600,
        exp: Math.floor(Date.now() / 1000) + 7200,
      },
      code: "bad_response",
    },
    // Own attack on trust 22.
    {
      name: "not valid yet",
      claims: { nbf: Math.floor(Date.now() / 1000) + 3600 },
      code: "bad_response",
    },
    {
      name: "issued in the future, in digits",
      claims: { iat: `${Math.floor(Date.now() / 1000) + 3600}` },
      code: "bad_response",
    },
    { name: "issued in milliseconds", claims: { iat: Date.now() }, code: "bad_response" },
    { name: "no time", claims: { iat: null }, code: "bad_response" },
    { name: "for nobody", claims: { aud: [] }, code: "bad_response" },
    { name: "for an object", claims: { aud: { 0: "client" } }, code: "bad_response" },
    { name: "an issuer in a list", claims: { iss: [ISSUER] }, code: "bad_response" },
    { name: "an issuer with a slash more", claims: { iss: `${ISSUER}/` }, code: "bad_response" },
    { name: "a subject that is a number", claims: { sub: 7 }, code: "bad_response" },
    { name: "no times", claims: { iat: undefined }, code: "bad_response" },
    { name: "another party", claims: { aud: ["client", "x"], azp: "x" }, code: "bad_response" },
    { name: "no subject", claims: { sub: undefined }, code: "bad_response" },
    {
      name: "a redirect from another issuer",
      redirect: { iss: "https://evil.example" },
      code: "state_mismatch",
    },
    { name: "a redirect with another state", redirect: { state: "guess" }, code: "state_mismatch" },
  ], async ({ claims, redirect, code }) => {
    await using folder = await TestFolder.make();
    const asked = new URLSearchParams();
    const server = fakeServer(({ url }) => {
      if (url.pathname.includes("/.well-known/")) {
        return json({
          issuer: ISSUER,
          authorization_endpoint: `${ISSUER}/authorize`,
          token_endpoint: `${ISSUER}/token`,
          authorization_response_iss_parameter_supported: true,
        });
      }
      const now = Math.floor(Date.now() / 1000);
      const good = {
        iss: ISSUER,
        aud: "client",
        sub: "ada",
        iat: now,
        exp: now + 60,
        nonce: asked.get("nonce"),
      };
      // The signature is not checked, because the token comes straight from the token endpoint over TLS.
      const id_token = jwt({ ...good, ...claims });
      return json({ access_token: "a", token_type: "bearer", expires_in: 60, id_token });
    });
    const paste = () => {
      const link = person.shown.findLast(({ kind }) => kind === "link");
      for (const [name, value] of new URL(link?.kind === "link" ? link.url : "").searchParams) {
        asked.set(name, value);
      }
      const answer = { code: "c", state: asked.get("state") ?? "", iss: ISSUER, ...redirect };
      return `${asked.get("redirect_uri")}?${new URLSearchParams(answer)}`;
    };
    const person = scriptedPerson({ answers: [paste, paste, paste] });
    const provider = plainProvider({
      grant: "authorization_code",
      issuer: ISSUER,
      endpoints: {},
      scope: "openid",
    });
    const session = getSession(provider, {
      credentials: { client_id: "client" },
      directory: folder.path,
      fetch: server.fetch,
      method: "paste",
      person,
    });
    if (code === null) {
      assert.equal((await session).account, "ada");
      return;
    }
    await rejects(session, code);
    assert.equal(await savedToken(folder.path), null);
    assert.equal(person.shown.at(-1)?.kind, "failed");
  }));

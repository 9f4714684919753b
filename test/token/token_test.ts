import assert from "node:assert/strict";
import {
  accountOf,
  checkAlive,
  storedToken,
  type TokenResponse,
} from "../../src/token/token_response.ts";
import { claimsOf, isFresh, renewalTime, type Token } from "../../src/token/token.ts";
import { jwt } from "../support/jwt.ts";
import { throws } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

const NOW = 1_700_000_000_000;
const SECONDS = NOW / 1000;

const answer = (members: Record<string, unknown> = {}): TokenResponse => ({
  access_token: "token",
  token_type: "bearer",
  ...members,
});

test("storedToken() determines a token's lifetime", () =>
  eachRow<{ name: string; members: Record<string, unknown>; offset?: number; lives: number }>([
    { name: "expires_in", members: { expires_in: 900 }, lives: 900 },
    {
      name: "expires_in before expires_at",
      members: { expires_in: 900, expires_at: 1 },
      lives: 900,
    },
    { name: "expires_at", members: { expires_at: SECONDS + 60 }, lives: 60 },
    { name: "expires_at as digits", members: { expires_at: `${SECONDS + 60}.5` }, lives: 60.5 },
    {
      name: "expires_at as a date",
      members: { expires_at: new Date(NOW + 60_000).toISOString() },
      lives: 60,
    },
    // Spring's LocalDateTime, Django and Python's isoformat() write no zone and mean UTC.
    {
      name: "expires_at as a date without a zone",
      members: { expires_at: new Date(NOW + 60_000).toISOString().replace("Z", "") },
      lives: 60,
    },
    {
      name: "expires_at as a date with microseconds and without a zone",
      members: { expires_at: new Date(NOW + 60_000).toISOString().replace("Z", "123") },
      lives: 60,
    },
    {
      name: "expires_at as a date with a space",
      members: { expires_at: new Date(NOW + 60_000).toISOString().replace("T", " ").slice(0, 19) },
      lives: 60,
    },
    {
      name: "expires_at with a zone",
      members: { expires_at: `${new Date(NOW + 3_660_000).toISOString().slice(0, 19)}+01:00` },
      lives: 60,
    },
    {
      name: "expires_at as HTTP writes dates",
      members: { expires_at: new Date(NOW + 60_000).toUTCString() },
      lives: 60,
    },
    { name: "expires_at in milliseconds", members: { expires_at: NOW + 60_000 }, lives: 60 },
    {
      name: "expires_at in milliseconds, as text",
      members: { expires_at: String(NOW + 60_000) },
      lives: 60,
    },
    {
      name: "expires_at from a clock that is ahead",
      members: { expires_at: SECONDS + 660 },
      offset: 600_000,
      lives: 60,
    },
    {
      name: "expires_in is independent of clocks",
      members: { expires_in: 900 },
      offset: 600_000,
      lives: 900,
    },
    {
      name: "the token's own exp",
      members: { access_token: jwt({ exp: SECONDS + 30 }) },
      lives: 30,
    },
    { name: "nothing", members: {}, lives: 3600 },
    { name: "an expires_at that is no time", members: { expires_at: "soon" }, lives: 3600 },
    { name: "an exp that is none", members: { access_token: jwt({ exp: "soon" }) }, lives: 3600 },
    { name: "ten years at most", members: { expires_in: 1e12 }, lives: 315_360_000 },
    { name: "zero", members: { expires_in: 0 }, lives: 0 },
    { name: "over already", members: { expires_at: SECONDS - 60 }, lives: 0 },
  ], ({ members, offset = 0, lives }) => {
    const token = storedToken("key", answer(members), NOW, offset);
    assert.equal(token.obtained_at, SECONDS);
    assert.equal(token.expires_at, SECONDS + lives);
    if (lives > 0) return checkAlive(token);
    throws(() => checkAlive(token), "bad_response", /already expired/);
  }));

test("storedToken(): a token that cannot renew is valid until the API refuses it, unless it says otherwise", () => {
  const lives = (members: Record<string, unknown>, previous?: Token) => {
    const token = storedToken("key", answer(members), NOW, 0, previous, false);
    return token.expires_at - SECONDS;
  };
  // GitHub, Slack and Notion return no lifetime.
  assert.equal(lives({}), 315_360_000);
  assert.equal(lives({ refresh_token: "r" }), 3600);
  assert.equal(lives({ expires_in: 60 }), 60);
  assert.equal(lives({ access_token: jwt({ exp: SECONDS + 30 }) }), 30);
});

test("checkAlive() refuses a token of the wrong type or binding", () => {
  const token = storedToken("key", answer({ expires_in: 0 }), NOW, 0);
  throws(() => checkAlive({ ...token, dpop_key: { kty: "EC" } }), "bad_response", /not bound/);
  throws(() => checkAlive({ ...token, token_type: "mac" }), "bad_response", /not Bearer/);
});

test("storedToken() keeps the last token's values that the server did not repeat", () => {
  const previous: Token = {
    version: 1,
    key: "key",
    access_token: "old",
    token_type: "bearer",
    expires_at: 1,
    obtained_at: 0,
    scope: "a b",
    refresh_token: "refresh",
    id_token: "id",
    account: "ada",
    token_endpoint: "https://a.example/token",
    dpop_key: { kty: "EC" },
  };
  const kept = storedToken("key", answer({ expires_in: 5 }), NOW, 0, previous);
  assert.deepEqual(kept, {
    ...previous,
    access_token: "token",
    expires_at: SECONDS + 5,
    obtained_at: SECONDS,
  });
  const members = { refresh_token: "new", scope: "a", id_token: "newer" };
  const replaced = storedToken("key", answer(members), NOW, 0, previous);
  assert.equal(replaced.refresh_token, "new");
  assert.equal(replaced.scope, "a");
  assert.equal(replaced.id_token, "newer");
});

test("isFresh(): a margin of a minute, or of a tenth of a short lifetime", () =>
  eachRow([
    { name: "an hour", lives: 3600, margin: 60 },
    { name: "ten minutes", lives: 600, margin: 60 },
    { name: "five seconds", lives: 5, margin: 0.5 },
    { name: "none", lives: 0, margin: 0 },
    // From a clock that was set back later, or from a damaged file.
    { name: "less than none", lives: -100, margin: 0 },
  ], ({ lives, margin }) => {
    const token = storedToken("key", answer({ expires_in: 1 }), NOW, 0);
    token.expires_at = SECONDS + lives;
    assert.equal(renewalTime(token), NOW + (lives - margin) * 1000);
    assert.equal(isFresh(token, renewalTime(token) - 1), true);
    assert.equal(isFresh(token, renewalTime(token)), false);
  }));

test("claimsOf() reads only a JWT", () => {
  assert.deepEqual(claimsOf(jwt({ sub: "ada", ü: "é" })), { sub: "ada", ü: "é" });
  for (
    const other of ["", "opaque", "a.b", "a.b.c", "..", "a.b.c.d", `${jwt({})}x.`, jwt([])]
  ) {
    assert.equal(claimsOf(other), undefined, other);
  }
});

test("accountOf() says who signed in, in words that a person knows", () => {
  const token = storedToken("key", answer(), NOW, 0);
  assert.equal(accountOf(token), undefined);
  token.id_token = jwt({ sub: "248289761001" });
  assert.equal(accountOf(token), "248289761001");
  token.id_token = jwt({ sub: "248289761001", email: "ada@example.com" });
  assert.equal(accountOf(token), "ada@example.com");
});

test("storedToken() keeps the id_token when a refresh names another person (trust 22)", () => {
  const known = jwt({ iss: "https://a.example", sub: "ada", iat: 1 });
  const previous = storedToken("key", answer({ id_token: known }), NOW, 0);
  const rows: [next: Record<string, unknown>, isTaken: boolean][] = [
    [{ iss: "https://a.example", sub: "ada", iat: 2 }, true],
    [{ iss: "https://a.example", sub: "eve" }, false],
    [{ iss: "https://evil.example", sub: "ada" }, false],
    [{ sub: "ada" }, false],
    [{}, false],
  ];
  for (const [claims, isTaken] of rows) {
    const next = jwt(claims);
    const token = storedToken("key", answer({ id_token: next }), NOW, 0, previous);
    assert.equal(token.id_token, isTaken ? next : known, JSON.stringify(claims));
  }
});

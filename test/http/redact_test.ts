import assert from "node:assert/strict";
import { basicCredentials } from "../../src/http/token_fetch.ts";
import { safeText, secretsOf } from "../../src/http/redact.ts";
import { eachRow, test } from "../support/tests.ts";

const SECRET = "s3cr+t/Value&of=many%kinds ü";

test("secretsOf() collects the secrets of a request, and nothing else", () => {
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    client_id: "the-client",
    redirect_uri: "http://127.0.0.1/callback",
    scope: "openid",
    code: "the-code",
    code_verifier: "the-verifier",
    client_secret: "the-secret",
    client_assertion: "a.b.c",
    something_new: "unknown-is-secret",
  });
  const expected = ["the-code", "the-verifier", "the-secret", "a.b.c", "unknown-is-secret"];
  assert.deepEqual(secretsOf(body, new Headers()), expected);
  assert.deepEqual(secretsOf(String(body), new Headers()), expected);
  assert.deepEqual(secretsOf(undefined, new Headers()), []);
});

test("secretsOf() collects the secrets of the Authorization and DPoP headers", () => {
  const bearer = secretsOf(undefined, new Headers({ authorization: "Bearer abc", dpop: "d.e.f" }));
  assert.deepEqual(bearer, ["abc", "d.e.f"]);
  for (const password of ["p:ss wörd", "a%3Ab"]) {
    const basic = secretsOf(
      undefined,
      new Headers({ authorization: basicCredentials("user", password) }),
    );
    assert(basic.includes(password), "the password itself, as a server would repeat it");
    assert(
      basic.includes(btoa(String.fromCharCode(...new TextEncoder().encode(`user:${password}`)))),
    );
    assert(!basic.includes("user"), "a user name is no secret");
  }
  // RFC 6749 section 2.3.1 requires the client to encode both first.
  const encoded = basicCredentials("client", encodeURIComponent(SECRET));
  assert(secretsOf(undefined, new Headers({ authorization: encoded })).includes(SECRET));
});

test("safeText() keeps text without secrets", () => {
  assert.equal(safeText("The code has expired.", [SECRET]), "The code has expired.");
  assert.equal(safeText("  two\r\n lines\u2028 of \u202etext ", []), "two  lines  of  text");
  assert.equal(safeText("x".repeat(300), [])?.length, 200);
  for (const nothing of [undefined, null, 5, "", "\n", {}]) {
    assert.equal(safeText(nothing, []), undefined);
  }
});

test("safeText() keeps words that a secret is made of too", () => {
  const text = "The client credentials are wrong";
  assert.equal(safeText(text, ["my-credential-of-the-client"]), undefined, "six characters");
  for (const secret of ["cli-ent", "cre-den", "th3-cl1ent-cr3d"]) {
    assert.equal(safeText(text, [secret]), text, secret);
  }
});

const lower = (text: string) => text.replace(/%[0-9A-F]{2}/g, (one) => one.toLowerCase());

test("secretsOf() includes a secret that only signed the request (trust 20)", () => {
  const body = new URLSearchParams({ grant_type: "client_credentials", client_assertion: "a.b.c" });
  assert.deepEqual(secretsOf(body, new Headers(), ["signs", ""]), ["signs", "a.b.c"]);
});

test("safeText() removes control and invisible characters (trust 16, 20)", () => {
  assert.equal(safeText("a\u200bb \u001b[2Jc\u2067d\u{e0041}e\ufefff", []), "a b  c d e f");
  assert.equal(safeText("\u200b\u202e", []), undefined);
});

test("safeText() takes linear time", () => {
  const began = performance.now();
  safeText(`${"%25".repeat(50_000)}${"&amp;".repeat(50_000)}`, [SECRET]);
  assert.ok(performance.now() - began < 5_000);
});

test("safeText() drops text that repeats six characters of a secret in any form", () =>
  eachRow([
    { name: "as it is", text: `bad value ${SECRET}` },
    { name: "the first six", text: `it began with ${SECRET.slice(0, 6)}` },
    { name: "six in the middle", text: `…${SECRET.slice(7, 13)}…` },
    { name: "percent-encoded", text: `body was x=${encodeURIComponent(SECRET)}` },
    { name: "form-encoded", text: `body was ${new URLSearchParams({ x: SECRET })}` },
    { name: "base64", text: btoa(String.fromCharCode(...new TextEncoder().encode(SECRET))) },
    { name: "joined by what is shown for a line break", text: "abc\ndef", secret: "abc def" },
    { name: "a short secret", text: "your pin 1234 is wrong", secret: "1234" },
    { name: "trust 20: the secret of client_secret_jwt", text: `HMAC with ${SECRET} failed` },
    { name: "percent-encoded, lower case", text: lower(encodeURIComponent(SECRET)) },
    { name: "percent-encoded, and a bare %", text: `100% of ${encodeURIComponent(SECRET)}` },
    { name: "percent-encoded twice", text: encodeURIComponent(encodeURIComponent(SECRET)) },
    { name: "JSON escapes", text: "bad \\u0073\\u0033\\u0063\\u0072\\u002b\\u0074" },
    { name: "JSON with escaped slashes", text: JSON.stringify(SECRET).replaceAll("/", "\\/") },
    { name: "entities", text: "&#115;&#51;&#x63;r&#43;t" },
    { name: "hexadecimal", text: `key ${new TextEncoder().encode(SECRET).toHex()}` },
    {
      name: "base64url",
      text: new TextEncoder().encode(SECRET).toBase64({ alphabet: "base64url" }),
    },
    { name: "base64 after a name", text: new TextEncoder().encode(`ab:${SECRET}`).toBase64() },
    { name: "backwards", text: [...SECRET].reverse().join("") },
    { name: "trust 20: zero-width characters between", text: [...SECRET].join("\u200b") },
    { name: "colours between", text: SECRET.replace("V", "\u001b[31mV\u001b[0m") },
    { name: "spaces between", text: [...SECRET].join(" ") },
    // Seen in an own attack on trust 20: a server that repeats a secret in its own spelling.
    { name: "in upper case", text: `unknown value ${SECRET.toUpperCase()}` },
    { name: "in lower case", text: `unknown value ${SECRET.toLowerCase()}` },
    { name: "dashes between", text: [...SECRET].join("-") },
    { name: "dots between pieces", text: (SECRET.match(/.{1,3}/g) ?? []).join("...") },
    {
      name: "words between pieces of five",
      text: "k3y5a … bcdef … ghijk",
      secret: "k3y5abcdefghijk",
    },
    { name: "underscores between, backwards", text: [...SECRET].reverse().join("_") },
    { name: "accents on its letters", text: "k\u03013y5a\u0301bcdef", secret: "k3y5abcdef" },
    { name: "wide letters", text: "ｋ３ｙ５ａｂｃｄｅｆ", secret: "k3y5abcdef" },
    { name: "bold letters", text: "\u{1d424}3y5\u{1d41a}bcdef", secret: "k3y5abcdef" },
    {
      name: "base64 in one case",
      text: btoa("k3y5abcdefgh").toLowerCase(),
      secret: "k3y5abcdefgh",
    },
    { name: "beyond what is shown", text: `${"x".repeat(400)}${SECRET}` },
  ], ({ text, secret = SECRET }: { name: string; text: string; secret?: string }) => {
    assert.equal(safeText(text, [secret]), undefined);
    assert.equal(safeText(text, ["another secret 123456"]) !== undefined, true, "the control");
  }));

import assert from "node:assert/strict";
import type { AuthErrorCode } from "../../src/errors.ts";
import { parsePaste, type PasteContext } from "../../src/sign_in/parse_paste.ts";
import { throws } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

const request = {
  state: "the-state",
  issuer: "https://auth.example.com",
  redirectUri: "http://127.0.0.1/callback",
};
/** A sign-in that this module began. */
const OURS: PasteContext = { request, endpointHosts: [] };
/** A page that shows a sign-in code. */
const PACKAGE: PasteContext = {
  request: null,
  endpointHosts: ["login.microsoftonline.com", "*.b2clogin.com", "127.0.0.1:8080"],
};

const ADDRESS =
  "http://127.0.0.1/callback?code=abc%2Fd&state=the-state&iss=https://auth.example.com";
const package_ = (endpoint: string, code = "the-code") => JSON.stringify({ endpoint, code });

test("parsePaste() accepts the final address of a sign-in, in any copied form", () =>
  eachRow([
    { name: ADDRESS },
    { name: `  ${ADDRESS}\n` },
    { name: `"${ADDRESS}"` },
    { name: `'${ADDRESS}'` },
    { name: "`" + ADDRESS + "`" },
    { name: `${ADDRESS.slice(0, 50)}\n  ${ADDRESS.slice(50)}` },
    { name: ADDRESS.replace("?", "#") },
    { name: ADDRESS.replace("http://127.0.0.1/callback", "HTTPS://elsewhere.example/x") },
    { name: ADDRESS.slice(ADDRESS.indexOf("?")) },
    { name: ADDRESS.slice(ADDRESS.indexOf("?") + 1) },
    { name: `/callback${ADDRESS.slice(ADDRESS.indexOf("?"))}` },
  ], ({ name }) => {
    const answer = parsePaste(name, OURS);
    assert(answer.kind === "redirect");
    // Any pasted form becomes the expected redirect.
    assert.equal(answer.url.origin + answer.url.pathname, "http://127.0.0.1/callback");
    assert.equal(answer.url.searchParams.get("code"), "abc/d");
    assert.equal(answer.url.searchParams.get("state"), "the-state");
  }));

test("parsePaste() accepts a bare code, and a JSON sign-in code if one is expected", () => {
  assert.deepEqual(parsePaste(" 4/0AX4XfWh-x_y~z.= \n", OURS), {
    kind: "code",
    code: "4/0AX4XfWh-x_y~z.=",
  });
  for (
    const endpoint of [
      "https://login.microsoftonline.com/tenant/oauth2/v2.0/token",
      "https://x.b2clogin.com/token",
      "http://127.0.0.1:8080/token",
    ]
  ) {
    assert.deepEqual(parsePaste(package_(endpoint), PACKAGE), {
      kind: "code",
      code: "the-code",
      tokenEndpoint: endpoint,
    });
  }
});

interface Refusal {
  name: string;
  code: AuthErrorCode;
  context?: PasteContext;
}

test("parsePaste() refuses everything else, and repeats none of it", () =>
  eachRow<Refusal>([
    { name: "", code: "invalid_argument" },
    { name: "   \n ", code: "invalid_argument" },
    { name: "abc", code: "invalid_argument" },
    { name: "two words", code: "invalid_argument" },
    { name: "cödé-of-somebody", code: "invalid_argument" },
    { name: "https://", code: "invalid_argument" },
    { name: "http://127.0.0.1/callback", code: "state_mismatch" },
    { name: "https://auth.example.com/login?next=/", code: "state_mismatch" },
    { name: "x".repeat(16_385), code: "invalid_argument" },
    { name: ADDRESS.replace("the-state", "another"), code: "state_mismatch" },
    { name: ADDRESS.replace(/&state=[^&]*/, ""), code: "state_mismatch" },
    { name: ADDRESS.replace("auth.example.com", "evil.example.com"), code: "state_mismatch" },
    { name: ADDRESS.replace(/code=[^&]*&/, "code=&"), code: "invalid_argument" },
    { name: ADDRESS.replace(/code=[^&]*/, "error=access_denied"), code: "login_refused" },
    { name: "the-code-only", code: "invalid_argument", context: PACKAGE },
    { name: "{", code: "invalid_argument", context: PACKAGE },
    { name: "{}", code: "invalid_argument", context: PACKAGE },
    { name: '{"endpoint":5,"code":"x"}', code: "invalid_argument", context: PACKAGE },
    { name: package_("https://x.b2clogin.com", ""), code: "invalid_argument", context: PACKAGE },
    { name: package_("not a url"), code: "invalid_argument", context: PACKAGE },
    { name: package_("https://evil.example/token"), code: "foreign_origin", context: PACKAGE },
    { name: package_("https://b2clogin.com/token"), code: "foreign_origin", context: PACKAGE },
    { name: package_("https://evilb2clogin.com/"), code: "foreign_origin", context: PACKAGE },
    { name: package_("http://x.b2clogin.com/token"), code: "insecure_url", context: PACKAGE },
    { name: package_("http://127.0.0.1:8081/token"), code: "foreign_origin", context: PACKAGE },
    {
      name: package_("https://login.microsoftonline.com@evil.example/"),
      code: "invalid_argument",
      context: PACKAGE,
    },
    {
      name: package_("https://login.microsoftonline.com.evil.example/"),
      code: "foreign_origin",
      context: PACKAGE,
    },
    { name: package_("https://evil.example/"), code: "foreign_origin", context: OURS },
  ], ({ name, code, context = OURS }) => {
    const error = throws(() => parsePaste(name, context), code);
    assert(!Deno.inspect(error).includes("the-code"), "the code is repeated");
    if (name.length > 100) assert(!error.message.includes(name.slice(0, 50)));
  }));

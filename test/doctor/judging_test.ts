import assert from "node:assert/strict";
import {
  type DoctorFacts,
  isProxyUrl,
  networkSettings,
  withoutUser,
} from "../../src/doctor/facts.ts";
import { findings } from "../../src/doctor/findings.ts";
import { tokenFacts } from "../../src/doctor/examine.ts";
import { renderDoctor } from "../../src/doctor/doctor_report.ts";
import { fourinsight, plantpredictOkta } from "../../src/providers/registry.ts";
import { test } from "../support/tests.ts";

const NOW = Date.parse("2026-01-02T03:04:05Z");

/** The facts of a healthy session, with changes. */
function factsOf(changes: Partial<DoctorFacts> = {}): DoctorFacts {
  return {
    provider: "fourinsight",
    title: "4insight",
    time: new Date(NOW).toISOString(),
    runtime: { name: "deno", version: "2.9.6", platform: "linux" },
    credentials: { source: "options", account: "ada", missing: [] },
    external: [],
    token: tokenFacts(
      fourinsight,
      {
        version: 1,
        key: "k",
        access_token: "a",
        token_type: "bearer",
        refresh_token: "r",
        obtained_at: NOW / 1000 - 60,
        expires_at: NOW / 1000 + 840,
      },
      "openid",
      NOW,
    ),
    store: { kept: "disk" },
    clock: { offset: 0, server: "auth.example.com" },
    settings: {},
    endpoints: [],
    ...changes,
  };
}

/** The findings for changed facts, as lines. */
function judge(
  changes: Partial<DoctorFacts> = {},
  context: Partial<Parameters<typeof findings>[1]> = {},
): string[] {
  const whole = {
    provider: fourinsight,
    certificates: {},
    unprefixed: false,
    refused: [],
    ...context,
  };
  return findings(factsOf(changes), whole).map(({ level, message }) => `${level}: ${message}`);
}

const token = (changes: Partial<NonNullable<DoctorFacts["token"]>>) => ({
  token: { ...factsOf().token as NonNullable<DoctorFacts["token"]>, ...changes },
});
const settings = (values: Record<string, string>, name = "deno") => ({
  settings: values,
  runtime: { name, version: "1", platform: "linux" },
});

test("findings() finds nothing in healthy facts", () => assert.deepEqual(judge(), []));

test("findings() explains what happens to a session without a refresh token", () => {
  const alive = judge(token({ renewal: "sign-in" }));
  assert.match(alive.join(), /^warning: .*cannot renew automatically.*offline_access/);
  const over = judge(token({ renewal: "sign-in", secondsLeft: -5 }));
  assert.match(over.join(), /^problem: .*Sign in again with getSession in a notebook/);
  assert.deepEqual(judge(token({ renewal: "refresh_token", secondsLeft: -5 })), []);
  assert.deepEqual(judge(token({ renewal: "client_credentials", secondsLeft: -5 })), []);
});

test("findings() requires a password only if one will be needed", () => {
  const lacking = { credentials: { source: "a file", missing: ["password"] } };
  const provider = plantpredictOkta;
  assert.deepEqual(judge(lacking, { provider }), []);
  const gone = judge({ ...lacking, token: null }, { provider });
  assert.match(gone.join(), /^problem: .*Set PLANTPREDICT_OKTA_PASSWORD/);
});

test("findings() says that unprefixed names are not read, if that matters", () => {
  const lacking = { credentials: { source: "nothing", missing: ["client_id"] }, token: null };
  assert.match(
    judge(lacking, { unprefixed: true })[1] ?? "",
    /^warning: CLIENT_ID is set but not read.*Set FOURINSIGHT_CLIENT_ID/,
  );
  assert.equal(judge(lacking).length, 1);
  assert.deepEqual(judge({}, { unprefixed: true }), []);
});

test("findings() names the variables that Deno did not allow it to read", () => {
  const lacking = { credentials: { source: "nothing", missing: ["client_id"] }, token: null };
  const refused = ["FOURINSIGHT_CLIENT_ID", "HOME"];
  assert.match(
    judge(lacking, { refused })[1] ?? "",
    /^warning: Deno may not read FOURINSIGHT_CLIENT_ID\. Run with --allow-env=FOURINSIGHT_CLIENT_ID,HOME\./,
  );
  assert.deepEqual(judge({}, { refused }), []);
  const blocked = (problem?: { code: "permission_denied"; message: string }) =>
    judge({
      credentials: {
        source: "nothing",
        missing: [],
        file: { path: "/x", kind: "unknown" },
        ...(problem ? { problem } : {}),
      },
    });
  assert.match(
    blocked().join(),
    /^warning: Cannot check whether "\/x" exists.*--allow-read/,
  );
  const told = { code: "permission_denied", message: "Run with that flag." } as const;
  assert.deepEqual(blocked(told), ["problem: Run with that flag."]);
});

test("findings() judges proxy and certificate settings for the runtime", () => {
  const proxy = { HTTPS_PROXY: "http://proxy.example.com:8080" };
  assert.deepEqual(judge(settings(proxy)), []);
  assert.deepEqual(judge(settings({ ...proxy, NODE_USE_ENV_PROXY: "1" }, "node")), []);
  assert.match(judge(settings(proxy, "node")).join(), /Set NODE_USE_ENV_PROXY=1/);
  assert.deepEqual(judge(settings(proxy, "bun")), []);
  assert.match(
    judge(settings({ https_proxy: "proxy.example.com" })).join(),
    /https_proxy is not a proxy URL.*http:\/\/proxy\.example\.com:8080/,
  );
  assert.match(judge(settings({ DENO_CERT: "/ca" }, "node")).join(), /Only Deno reads DENO_CERT/);
  assert.deepEqual(judge(settings({ DENO_CERT: "/ca", NODE_EXTRA_CA_CERTS: "/ca" }, "bun")), []);
  assert.match(
    judge({}, { certificates: { DENO_CERT: { path: "/ca", kind: "missing" } } }).join(),
    /^problem: DENO_CERT names "\/ca", which is not a file/,
  );
  assert.match(
    judge(settings({ NODE_TLS_REJECT_UNAUTHORIZED: "0" }, "node")).join(),
    /^problem: NODE_TLS_REJECT_UNAUTHORIZED=0/,
  );
});

test("findings() puts problems first", () => {
  const levels = findings(
    factsOf({
      clock: { offset: 100, server: "x" },
      ...token({ renewal: "sign-in", secondsLeft: -1 }),
      store: { kept: "disk", problem: { code: "store_unavailable", message: "Cannot save." } },
    }),
    { provider: fourinsight, certificates: {}, unprefixed: false, refused: [] },
  ).map(({ level }) => level);
  assert.deepEqual(levels, ["problem", "warning", "warning"]);
});

test("withoutUser() removes every part of a username and password, anywhere in the text", () => {
  const rows = [
    ["http://proxy.example.com:8080", "http://proxy.example.com:8080"],
    ["http://user:word@proxy.example.com:8080/", "http://proxy.example.com:8080"],
    ["http://user@proxy.example.com", "http://proxy.example.com"],
    ["user:word@proxy.example.com:8080", "proxy.example.com:8080"],
    ["http://user:wo/r@d?#@proxy.example.com:1", "http://proxy.example.com:1"],
    ["socks5://user:word@[::1]:1080", "socks5://[::1]:1080"],
    ["http://proxy.example.com?token=word", "http://proxy.example.com"],
    ["user:word@", ""],
    ["", ""],
  ];
  for (const [value = "", expected] of rows) assert.equal(withoutUser(value), expected, value);
  for (let round = 0; round < 500; round++) {
    const noise = () => String.fromCharCode(33 + Math.floor(Math.random() * 90));
    const word = `${noise()}${noise()}s3cr3t!${noise()}${noise()}`;
    for (const scheme of ["", "http://", "HTTPS://"]) {
      const shown = withoutUser(`${scheme}${noise()}:${word}@proxy.example.com:8080/`);
      assert(!shown.includes("s3cr3t!"), shown);
      assert(shown.endsWith("proxy.example.com:8080"), shown);
    }
  }
});

test("networkSettings() reads both spellings, once, and ignores empty values", () => {
  const environment: Record<string, string> = {
    https_proxy: "http://a:1",
    HTTPS_PROXY: "http://b:2",
    NO_PROXY: "localhost,@weird",
    HTTP_PROXY: "",
    DENO_TLS_CA_STORE: "system",
    PATH: "/bin",
  };
  assert.deepEqual(networkSettings((name) => environment[name]), {
    https_proxy: "http://a:1",
    NO_PROXY: "localhost,@weird",
    DENO_TLS_CA_STORE: "system",
  });
  for (const good of ["http://a", "https://a:1", "socks5://a", "socks5h://a:9"]) {
    assert(isProxyUrl(good), good);
  }
  for (const bad of ["a:1", "a", "ftp://a", "http://", ""]) assert(!isProxyUrl(bad), bad);
});

test("renderDoctor() says the same in HTML and in text, and escapes everything", () => {
  const facts = factsOf({
    credentials: {
      source: "<img src=x onerror=alert(1)>",
      account: "a\u202eb\u001b[31m",
      missing: [],
      file: { path: "/x/app_credentials", kind: "file", mode: "0600" },
      folder: { path: "/x", kind: "folder", mode: "0755" },
    },
    settings: { HTTPS_PROXY: "http://proxy.example.com" },
    endpoints: [{
      what: "API",
      url: "https://api.example.com/",
      answers: true,
      status: 401,
      milliseconds: 12,
    }, {
      what: "token endpoint",
      url: "https://auth.example.com/token",
      answers: false,
      milliseconds: 5000,
      problem: { code: "timeout", message: "It did not respond." },
    }],
  });
  const { html, text } = renderDoctor(facts, [
    { level: "problem", message: "It is <broken>." },
    { level: "warning", message: "It may break." },
  ]);
  assert(!html.includes("<img") && !html.includes("<broken>"), html);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(html + text, /[\u001b\u202e]/);
  const lines = text.split("\n").map((line) => line.trim());
  assert.equal(lines[0], "✗ 4insight: 1 problem, 1 warning");
  const plainHtml = html.replace(/<br>|<\/p>/g, "\n").replace(/<[^>]*>/g, "")
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'").replaceAll("&amp;", "&");
  assert.deepEqual(plainHtml.split("\n").map((line) => line.trim()).filter(Boolean), lines);
  assert.match(text, /File: \/x\/app_credentials \(0600\), folder mode 0755/);
  assert.match(text, /API: https:\/\/api\.example\.com\/ reachable \(12 ms\)/);
  assert.match(text, /Token endpoint: .* not reachable \(timeout, 5000 ms\)/);
  assert.match(
    text,
    /Access token: expires \d\d:\d\d \(in 14 min; renews automatically with a refresh token\)/,
  );
  assert.match(renderDoctor(facts, []).text, /^✓ 4insight: no problems found/);
});

import assert from "node:assert/strict";
import {
  checkApiUrl,
  checkPastedUrl,
  checkTransport,
  entersLoopback,
  fitsUrl,
  isLoopback,
  isOpenable,
  matchesHost,
  savedEndpoint,
  type UrlPart,
} from "../src/trust.ts";
import { throws } from "./support/rejects.ts";
import { eachRow, test } from "./support/tests.ts";

test("isLoopback() recognizes this machine, and no lookalikes", () => {
  for (const host of ["localhost", "127.0.0.1", "127.9.8.7", "[::1]"]) {
    assert.equal(isLoopback(host), true, host);
  }
  const others = [
    "127.0.0.1.example.com",
    "localhost.example.com",
    "10.0.0.1",
    "a.localhost", // trust 7: a resolver decides where it leads
    "[::2]",
    "mylocalhost",
    // DNS decides where these lead (trust.md 7).
    "a.localhost",
    "x.y.localhost",
    "localhost.",
  ];
  for (const host of [...others, "0.0.0.0", "127.0.0.1.nip.io", "[::ffff:7f00:1]", ""]) {
    assert.equal(isLoopback(host), false, host);
  }
});

test("checkTransport() accepts https, and plain http to this machine", () =>
  eachRow(
    [
      { name: "https://example.com/x", code: null },
      { name: "http://127.0.0.1:8080/x", code: null },
      { name: "http://localhost/x", code: null },
      { name: "http://[::1]:1/x", code: null },
      // The URL standard allows many spellings of one address.
      { name: "http://0x7f.1/x", code: null },
      { name: "http://example.com/x", code: "insecure_url" },
      { name: "http://x.localhost/x", code: "insecure_url" },
      { name: "http://10.0.0.1/x", code: "insecure_url" },
      { name: "ftp://example.com/x", code: "insecure_url" },
      { name: "file:///etc/passwd", code: "insecure_url" },
      { name: "data:text/plain,x", code: "insecure_url" },
      { name: "javascript:alert(1)", code: "insecure_url" },
      { name: "https://user@example.com/", code: "invalid_argument" },
      { name: "https://:password@example.com/", code: "invalid_argument" },
      { name: "/relative", code: "invalid_argument" },
      { name: "", code: "invalid_argument" },
      { name: "https://", code: "invalid_argument" },
    ] as const,
    ({ name, code }) => {
      if (code === null) {
        return void assert.equal(
          checkTransport(name, "URL").href,
          new URL(name).href,
        );
      }
      const error = throws(() => checkTransport(name, "URL of x"), code);
      assert.match(error.message, /URL of x/);
      assert(!error.message.includes("password@"), "what is refused is not repeated");
    },
  ));

test("matchesHost() matches whole labels for a star, and requires the same port", () =>
  eachRow([
    { name: "https://b2c.b2clogin.com/x", pattern: "*.b2clogin.com", fits: true },
    { name: "https://a.b.b2clogin.com/x", pattern: "*.b2clogin.com", fits: true },
    { name: "https://.b2clogin.com/x", pattern: "*.b2clogin.com", fits: false },
    { name: "https://x..b2clogin.com/x", pattern: "*.b2clogin.com", fits: false },
    { name: "https://b2clogin.com/x", pattern: "*.b2clogin.com", fits: false },
    { name: "https://evilb2clogin.com/x", pattern: "*.b2clogin.com", fits: false },
    { name: "https://x.b2clogin.com.evil.example/", pattern: "*.b2clogin.com", fits: false },
    { name: "https://x.b2clogin.com:8443/", pattern: "*.b2clogin.com", fits: false },
    { name: "https://4insight.io/x", pattern: "4insight.io", fits: true },
    { name: "https://4insight.io:8443/x", pattern: "4insight.io", fits: false },
    { name: "https://x.4insight.io/", pattern: "4insight.io", fits: false },
    { name: "https://4INSIGHT.io/", pattern: "4insight.io", fits: true },
    { name: "http://127.0.0.1:8080/", pattern: "127.0.0.1:8080", fits: true },
  ], ({ name, pattern, fits }) => assert.equal(matchesHost(new URL(name), pattern), fits)));

test("fitsUrl() keeps a value inside its place in a URL (trust 9)", () =>
  eachRow<{ name: string; part: UrlPart; fits: boolean }>([
    { name: "74dc1c5e-tenant_1", part: "segment", fits: true },
    { name: "a b", part: "segment", fits: true },
    { name: "a/b", part: "segment", fits: true }, // sent as a%2Fb
    ...["", ".", "..", "...", "../x", "x/..", "a//b", "/a", "a/"].map((name) =>
      ({ name, part: "segment", fits: false }) as const
    ),
    ...["\ud800", "a\udc00b", "a\\b", "a?b", "a#b", "a@b", "%2e%2e", "a%2fb", "a\nb", "a\0b"].map((
      name,
    ) => ({ name, part: "segment", fits: false }) as const),
    { name: "eu-1", part: "label", fits: true },
    ...["", "a.b", "evil.example/", "a@b", "a:1", "-a", "a-", "ä", "a".repeat(64)].map((name) =>
      ({ name, part: "label", fits: false }) as const
    ),
    { name: "https://dat-b.osisoft.com", part: "base", fits: true },
    { name: "http://127.0.0.1:8080/base", part: "base", fits: true },
    ...[
      "a",
      "https://a.example/?x=",
      "https://a.example/#",
      "https://a@b.example",
      "https://a.example\\x",
    ]
      .map((name) => ({ name, part: "base", fits: false }) as const),
    { name: "https://a.example/../b", part: "base", fits: false },
    { name: "https://a.example/%2E%2e/b", part: "base", fits: false },
  ], ({ name, part, fits }) => assert.equal(fitsUrl(name, part), fits)));

test("checkApiUrl() accepts only the API's origins", () => {
  const api = { title: "X", origins: new Set(["https://api.example.com"]) };
  checkApiUrl(api, new URL("https://api.example.com/a"));
  const rows = [
    ["https://api.example.com.evil.example/", "foreign_origin"],
    ["https://api.example.com:8443/", "foreign_origin"],
    ["http://api.example.com/", "insecure_url"],
    ["https://user@api.example.com/", "invalid_argument"],
    ["blob:https://api.example.com/1", "insecure_url"],
    ["file:///etc/passwd", "insecure_url"],
  ] as const;
  for (const [url, code] of rows) throws(() => checkApiUrl(api, new URL(url)), code);
});

test("checkPastedUrl() sends a code only to a known host", () => {
  const hosts = ["login.example.com", "*.b2clogin.com"];
  assert.equal(checkPastedUrl("https://login.example.com/t", hosts).pathname, "/t");
  throws(() => checkPastedUrl("https://evil.example/t", hosts), "foreign_origin");
  throws(() => checkPastedUrl("http://login.example.com/t", hosts), "insecure_url");
});

test("savedEndpoint() uses a server's address only from a file that may name one (trust 4)", () => {
  const hosts = ["login.example.com"];
  const good = "https://login.example.com/token";
  assert.equal(savedEndpoint("X", undefined, hosts), undefined);
  assert.equal(savedEndpoint("X", good, hosts), good);
  assert.equal(
    savedEndpoint("X", "https://evil.example/", []),
    undefined,
    "the definition says it",
  );
  for (const url of ["https://evil.example/", "http://login.example.com/", "nonsense", ""]) {
    const error = throws(() => savedEndpoint("X", url, hosts), "foreign_server");
    assert(error.message.includes("login.example.com"), error.message);
  }
});

test("isOpenable() accepts web pages only, and nothing that a program would open (trust 17)", () => {
  for (const url of ["https://a.example/x", "http://127.0.0.1:1/", "http://localhost/"]) {
    assert.equal(isOpenable(url), true, url);
  }
  const others = ["http://a.example/", "ftp://a.example/", "tel:123", "javascript:1", "file:///x"];
  for (const url of [...others, "data:text/html,x", "https://a@b.example/", "x", "", "ms-word:x"]) {
    assert.equal(isOpenable(url), false, url);
  }
});

test("entersLoopback() recognizes this machine and its network link in every spelling (trust 10)", () => {
  const api = new URL("https://api.example.com/");
  const near = "127.1 0x7f.1 2130706433 localhost LOCALHOST. a.localhost 0 0.0.0.0 169.254.43518 " +
    "[::] [::1] [::2] [::ffff:127.0.0.1] [::ffff:0:127.0.0.1] [::127.0.0.1] [64:ff9b::127.0.0.1] " +
    "[64:ff9b:1::169.254.169.254] [2002:7f00:1::] [2002:a9fe:a9fe::1] [fe80::1] [febf::1] " +
    "[fd00:ec2::254] [::ffff:169.254.169.254] 100.100.100.200 192.0.0.192 metadata.google.internal " +
    // Own attack: site-local addresses, other clouds, and names in a usual /etc/hosts.
    "[fec0::1] [feff::1] [fec0:0:0:ffff::1] [fd20:ce::254] 168.63.129.16 [::ffff:168.63.129.16] " +
    "255.255.255.255 localhost.localdomain localhost6 localhost6.localdomain6 ip6-localhost " +
    "ip6-loopback metadata metadata.goog instance-data instance-data.ec2.internal METADATA.GOOG.";
  for (const host of near.split(" ")) {
    assert.equal(entersLoopback(api, new URL(`https://${host}/`)), true, host);
  }
  const far =
    "8.8.8.8 10.0.0.1 169.253.1.1 126.0.0.1 [2001:db8::1] [64:ff9b::8.8.8.8] [2002:808:808::] " +
    "[fd00::1] notlocalhost localhost.example metadata.example 100.100.100.201 168.63.129.17 " +
    "[fd20:ce::255] xmetadata.goog metadata.goog.example ip6-localhost.example localhost7";
  for (const host of far.split(" ")) {
    assert.equal(entersLoopback(api, new URL(`https://${host}/`)), false, host);
  }
});

test("entersLoopback() detects a redirect to this machine", () => {
  const api = new URL("https://api.example.com/");
  const own = new URL("http://127.0.0.1:1/");
  assert.equal(entersLoopback(api, own), true);
  assert.equal(entersLoopback(own, own), false);
  assert.equal(entersLoopback(own, api), false);
  const near = [
    "http://localhost./", // the root's dot changes nothing
    "http://a.localhost/",
    "http://127.0.0.1./",
    "http://0.0.0.0/",
    "http://169.254.169.254/", // a cloud's metadata
    "http://169.254.169.254./",
    "http://[fd00:ec2::254]/",
    "http://[::]/",
    "http://[fe80::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::169.254.169.254]/",
  ];
  for (const url of near) assert.equal(entersLoopback(api, new URL(url)), true, url);
  for (const url of ["http://10.0.0.1/", "http://[fd00::1]/", "http://[::ffff:8.8.8.8]/"]) {
    assert.equal(entersLoopback(api, new URL(url)), false, url);
  }
});

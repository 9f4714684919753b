import assert from "node:assert/strict";
import { checkTransport, isLoopback, matchesHost } from "../src/trust.ts";
import { throws } from "./support/rejects.ts";
import { eachRow, test } from "./support/tests.ts";

test("isLoopback() knows this machine, and nothing that only looks like it", () => {
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

test("checkTransport() lets https pass, and plain http to this machine", () =>
  eachRow(
    [
      { name: "https://example.com/x", code: null },
      { name: "http://127.0.0.1:8080/x", code: null },
      { name: "http://localhost/x", code: null },
      { name: "http://[::1]:1/x", code: null },
      // The URL standard knows many spellings of one address.
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

test("matchesHost() takes whole labels for a star, and a port for itself", () =>
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

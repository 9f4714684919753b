import assert from "node:assert/strict";
import {
  execVersion,
  formatToken,
  gitAnswer,
  gitOrigin,
  parseGitRequest,
  type ShownToken,
} from "../../src/cli/token_format.ts";
import { test } from "../support/tests.ts";

const token: ShownToken = {
  accessToken: "abc.DEF-_~+/=",
  tokenType: "bearer",
  expiresAt: new Date("2026-11-26T08:25:09.500Z"),
  scope: "api:read",
  variable: "SPATIAFI_ACCESS_TOKEN",
};

test("formatToken() writes the format of each tool", () => {
  assert.deepEqual(JSON.parse(formatToken("json", token)), {
    access_token: "abc.DEF-_~+/=",
    token_type: "Bearer",
    expires_at: "2026-11-26T08:25:09Z",
    scope: "api:read",
  });
  assert.equal(JSON.parse(formatToken("json", { ...token, scope: undefined })).scope, null);
  assert.equal(formatToken("header", token), "Authorization: Bearer abc.DEF-_~+/=\n");
  assert.equal(
    formatToken("header", { ...token, tokenType: "dpop" }),
    "Authorization: DPoP abc.DEF-_~+/=\n",
  );
  assert.equal(
    formatToken("env", token),
    "SPATIAFI_ACCESS_TOKEN=abc.DEF-_~+/=\n" +
      "SPATIAFI_ACCESS_TOKEN_EXPIRES_AT=2026-11-26T08:25:09Z\n",
  );
  assert.deepEqual(JSON.parse(formatToken("kubectl", token)), {
    apiVersion: "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    status: { token: "abc.DEF-_~+/=", expirationTimestamp: "2026-11-26T08:25:09Z" },
  });
});

test("execVersion() is the version that kubectl requests, if known", () => {
  const wants = (apiVersion: unknown) =>
    execVersion(JSON.stringify({ kind: "ExecCredential", apiVersion }));
  assert.equal(
    wants("client.authentication.k8s.io/v1beta1"),
    "client.authentication.k8s.io/v1beta1",
  );
  for (const other of ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v9", 7]) {
    assert.equal(wants(other), "client.authentication.k8s.io/v1");
  }
  for (const odd of [undefined, "", "{", "[]"]) {
    assert.equal(execVersion(odd), "client.authentication.k8s.io/v1");
  }
});

test("a token that a shell would change is quoted", async () => {
  const accessToken = "a b'c\"$HOME`id`;#";
  const text = formatToken("env", { ...token, accessToken });
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", `eval "$1"; printf %s "$SPATIAFI_ACCESS_TOKEN"`, "sh", text],
  }).output();
  assert.equal(new TextDecoder().decode(stdout), accessToken);
});

test("Git's request names a host, and the response is a password that expires", () => {
  const request = parseGitRequest("protocol=https\r\nhost=git.example.com:8443\npath=a=b\n\n");
  assert.equal(gitOrigin(request), "https://git.example.com:8443");
  assert.equal(request.get("path"), "a=b");
  assert.equal(
    gitAnswer(request, token),
    "username=oauth2\npassword=abc.DEF-_~+/=\npassword_expiry_utc=1795681509\n",
  );
  const named = parseGitRequest("protocol=https\nhost=h\nusername=x-access-token\n");
  assert.match(gitAnswer(named, token), /^username=x-access-token\n/);
  for (const text of ["", "host=h\n", "protocol=https\n", "protocol=:\nhost=/\n"]) {
    assert.equal(gitOrigin(parseGitRequest(text)), undefined, text);
  }
});

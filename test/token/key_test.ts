import assert from "node:assert/strict";
import {
  findProvider,
  formatKey,
  formatToken,
  mentionsKey,
  parseKey,
  parseToken,
  type Token,
  type TokenKey,
} from "../../src/token/token.ts";
import { eachRow, test } from "../support/tests.ts";

const KEY: TokenKey = {
  provider: "spatiafi",
  server: "https://auth.example/token",
  clientId: "id",
  username: "ada",
  scope: "a b",
  audience: "https://api.example",
  account: "",
  sessionKey: "s",
};

test("formatKey(): without an account, the seven members that earlier versions wrote", () => {
  const text =
    '["spatiafi","https://auth.example/token","id","ada","a b","https://api.example","s"]';
  assert.equal(formatKey(KEY), text);
  assert.deepEqual(parseKey(text), KEY);
  const other = { ...KEY, account: "work" };
  assert.equal(formatKey(other), text.replace('"s"]', '"s","work"]'));
  assert.deepEqual(parseKey(formatKey(other)), other);
});

test("formatKey(): a different member is a different key", () => {
  const keys = Object.keys(KEY).map((name) => formatKey({ ...KEY, [name]: "other" }));
  assert.equal(new Set([...keys, formatKey(KEY)]).size, keys.length + 1);
});

test("parseKey() refuses text that is not one of our keys", () =>
  eachRow(
    ["", "x", "{}", "[]", "[1]", '["a",null]', JSON.stringify(Array(9).fill("a"))]
      .map((name) => ({ name })),
    ({ name }) => assert.equal(parseKey(name), undefined),
  ));

const TOKEN: Token = {
  version: 1,
  key: formatKey(KEY),
  access_token: "access",
  token_type: "Bearer",
  expires_at: 2,
  obtained_at: 1,
  refresh_token: "refresh",
  dpop_key: { kty: "EC", crv: "P-256", x: "x", y: "y", d: "d" },
};

test("parseToken() reads what formatToken() writes", () => {
  assert.deepEqual(parseToken(formatToken(TOKEN)), TOKEN);
  assert.deepEqual(parseToken(formatToken(TOKEN), TOKEN.key), TOKEN);
  assert.equal(parseToken(formatToken(TOKEN), "another"), undefined);
});

test("parseToken() refuses members of a wrong type or that are not valid in a header", () =>
  eachRow<{ name: string; member: Record<string, unknown> }>([
    { name: "a line break (every fetch failed)", member: { access_token: "a\nb" } },
    { name: "a carriage return", member: { access_token: "a\rb" } },
    { name: "a space at the end", member: { access_token: "a " } },
    { name: "not ASCII", member: { access_token: "ä" } },
    { name: "a NUL", member: { access_token: "a\u0000" } },
    { name: "a type of two lines", member: { token_type: "Bearer\nX: y" } },
    { name: "no type", member: { token_type: "" } },
    { name: "a number as refresh token", member: { refresh_token: 1 } },
    { name: "a list as scope", member: { scope: ["a"] } },
    { name: "null as id token", member: { id_token: null } },
    { name: "an object as endpoint", member: { token_endpoint: {} } },
    { name: "a text as end", member: { expires_at: "2" } },
    { name: "a key without a type", member: { dpop_key: { x: "x" } } },
    { name: "a key with a number in it", member: { dpop_key: { kty: "EC", d: 1 } } },
    { name: "another version", member: { version: 2 } },
  ], ({ member }) => {
    assert.equal(parseToken(JSON.stringify({ ...TOKEN, ...member })), undefined);
  }));

test("a damaged file still shows whose token it was", () => {
  const half = formatToken(TOKEN).slice(0, -30);
  assert.equal(parseToken(half), undefined);
  assert.equal(findProvider(half), "spatiafi");
  assert.equal(mentionsKey(half, TOKEN.key), true);
  assert.equal(mentionsKey(half, formatKey({ ...KEY, scope: "" })), false);
  assert.equal(findProvider("{}"), undefined);
});

import assert from "node:assert/strict";
import { AuthError } from "../../src/errors.ts";
import { scanText, SHORTEST_PART } from "../../src/scan/scan_text.ts";
import { scanNotebookJson } from "../../src/scan/scan_notebook.ts";

const secret = 'q7&Zx"9~vLm2<Kp0/Rt+4Yw=Bn8';
const secrets = { client_secret: secret, password: "s3same-open" };

/** Pseudo-random numbers that are the same in every run. */
function random(seed: number): () => number {
  return () => {
    seed = Math.imul(seed ^ seed >>> 15, 0x2c1b3c6d) + 0x9e3779b9 | 0;
    return ((seed ^ seed >>> 13) >>> 0) / 2 ** 32;
  };
}

function letters(next: () => number, length: number): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return Array.from({ length }, () => alphabet[Math.floor(next() * 64)]).join("");
}

Deno.test("scanText() finds a whole secret, with its name, position and length", () => {
  assert.deepEqual(scanText(`a\nsecret: ${secret}!`, secrets), [
    { name: "client_secret", form: "plain", at: 10, line: 2, length: 27, whole: true },
  ]);
});

Deno.test("scanText() never repeats the value", () => {
  const found = JSON.stringify(scanText(`${secret} ${encodeURIComponent(secret)}`, secrets));
  for (let at = 0; at + 6 <= secret.length; at++) {
    assert.ok(!found.includes(secret.slice(at, at + 6)), found);
  }
});

Deno.test("scanText() finds parts of 12 characters, and ignores parts of 11", () => {
  for (let at = 0; at + SHORTEST_PART <= secret.length; at++) {
    const part = secret.slice(at, at + SHORTEST_PART);
    const [found] = scanText(`\t\t${part}`, { secret });
    assert.deepEqual([found?.length, found?.at, found?.whole], [12, 2, false]);
    assert.deepEqual(scanText(` ${part.slice(1)} `, { secret }), []);
  }
});

Deno.test("scanText() finds other spellings", () => {
  const basic = (user: string) => btoa(`${user}:${secret}`);
  const texts = [
    ["url", encodeURIComponent(secret)],
    ["url", new URLSearchParams({ "a b": secret }).toString()],
    ["escaped", JSON.stringify({ secret })],
    ["base64", btoa(secret)],
    ["base64", btoa(secret).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")],
    ["base64", `Basic ${basic("a")}`],
    ["base64", `Basic ${basic("ab")}`],
    ["base64", `Basic ${basic("abc")}`],
  ];
  for (const [form, text] of texts) {
    const found = scanText(text!, { secret });
    assert.equal(found[0]?.form, form, text);
    if (form === "base64") assert.equal(found[0]?.whole, true, text);
  }
  assert.equal(scanText("<b>q7&amp;Zx&quot;9~vLm2&lt;Kp0/Rt+4Yw=Bn8</b>", { secret }).length, 1);
});

Deno.test("scanText() finds short secrets only as a whole, and the shortest only as words", () => {
  const short = { password: "s3same-open", pin: "4711", x: "abc" };
  assert.deepEqual(scanText("s3same-ope", short), []);
  assert.equal(scanText("xs3same-openx", short)[0]?.whole, true);
  assert.deepEqual(scanText("147112, a4711, abc", short), []);
  assert.deepEqual(scanText('pin="4711"', short).map(({ name }) => name), ["pin"]);
});

Deno.test("scanText() recognizes a JWT by its signature, not by the parts that all tokens share", () => {
  const next = random(1);
  const header = btoa('{"alg":"RS256","typ":"JWT"}').replace(/=+$/, "");
  const claims = (sub: string) =>
    btoa(`{"iss":"https://login.example","sub":"${sub}"}`).replace(/=+$/, "");
  const token = `${header}.${claims("ada")}.${letters(next, 342)}`;
  const other = `${header}.${claims("bob")}.${letters(next, 342)}`;
  assert.deepEqual(scanText(other.slice(0, 60), { token }), []);
  assert.equal(scanText(`Bearer ${token}`, { token })[0]?.whole, true);
  assert.equal(scanText(token.slice(-40), { token })[0]?.whole, false);
});

Deno.test("scanText() recognizes a private key by its lines, not by its armour", () => {
  const body = `MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg${
    letters(random(2), 136).replace(/[-_]/g, "x")
  }`;
  const lines = body.match(/.{1,64}/g) ?? [];
  const key = `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`;
  assert.deepEqual(scanText("-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49", { key }), []);
  const [all, ...more] = scanText(JSON.stringify(key), { key });
  assert.deepEqual([all?.whole, all?.form, more], [true, "escaped", []], "one key, one finding");
  assert.equal(scanText(key, { key })[0]?.whole, true);
  assert.equal(scanText(`x ${lines[1]}`, { key }).length, 1);
});

Deno.test("scanText() finds nothing in unrelated random text, in linear time", () => {
  const next = random(3);
  const many = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [`s${i}`, letters(next, 60)]),
  );
  const text = letters(next, 1_000_000);
  const began = performance.now();
  assert.deepEqual(scanText(text, many), []);
  const once = performance.now() - began;
  assert.ok(once < 3000, `${once} ms for a million characters`);
  // Repetition is the worst case: many places in a secret look alike.
  const repeated = { secret: "abcdefgh".repeat(100) };
  assert.equal(scanText("abcdefgh".repeat(20_000), repeated).length > 0, true);
  assert.deepEqual(scanText("*".repeat(100_000), { masked: "*".repeat(40) }), []);
});

Deno.test("scanText() finds a planted part in any place", () => {
  const next = random(4);
  for (let round = 0; round < 300; round++) {
    const key = letters(next, 12 + Math.floor(next() * 100));
    const length = 12 + Math.floor(next() * (key.length - 12));
    const from = Math.floor(next() * (key.length - length));
    const before = letters(next, Math.floor(next() * 50));
    const text = `${before} ${key.slice(from, from + length)} ${letters(next, 30)}`;
    const [found] = scanText(text, { key });
    assert.deepEqual([found?.at, found?.length], [before.length + 1, length]);
  }
});

Deno.test("scanNotebookJson() reports cell and place, once for each", () => {
  const cell = (source: string | string[], outputs: unknown[]) => ({
    cell_type: "code",
    source,
    outputs,
    metadata: {},
  });
  const json = JSON.stringify({
    cells: [
      { cell_type: "markdown", source: ["# nothing\n"], metadata: {} },
      cell(
        ["const a = 1;\n", `const secret = '${secret.slice(0, 10)}`, `${secret.slice(10)}';`],
        [],
      ),
      cell("login()", [
        { output_type: "stream", name: "stdout", text: ["fine\n"] },
        { output_type: "display_data", data: { "text/html": `<b>${btoa(`u:${secret}`)}</b>` } },
        { output_type: "execute_result", data: { "application/json": { a: [{ [secret]: 1 }] } } },
        { output_type: "error", evalue: `no ${secrets.password}`, traceback: [] },
      ]),
    ],
    metadata: { note: secret },
    nbformat: 4,
  });
  const found = scanNotebookJson(json, secrets)
    .map(({ name, cell, where, output }) => [name, cell, where, output]);
  assert.deepEqual(found, [
    ["client_secret", 0, "metadata", undefined],
    ["client_secret", 2, "source", undefined],
    ["client_secret", 3, "output", 2],
    ["client_secret", 3, "output", 3],
    ["password", 3, "output", 4],
  ]);
});

Deno.test("scanNotebookJson() survives damaged notebooks", () => {
  const damaged = [
    "",
    "null",
    "[]",
    "{",
    "{}",
    '{"cells":{}}',
    '"cells"',
    "\u0000",
    '{"worksheets":[]}',
  ];
  for (const json of damaged) {
    assert.throws(
      () => scanNotebookJson(json, secrets),
      (error) => error instanceof AuthError && error.code === "invalid_argument",
    );
  }
  const deep = `{"cells":[{"outputs":${"[".repeat(50_000)}${JSON.stringify(secret)}${
    "]".repeat(50_000)
  }}]}`;
  assert.equal(scanNotebookJson(deep, { secret }).length, 1);
  const odd = `\ufeff${
    JSON.stringify({ cells: [null, 7, secret, { source: 3, outputs: secret }] })
  }`;
  assert.deepEqual(scanNotebookJson(odd, { secret }).map(({ cell }) => cell), [3, 4]);
  assert.throws(() => scanNotebookJson(`{"cells": ${secret}`, secrets), (error) => {
    return error instanceof AuthError && !JSON.stringify(error.message).includes("q7");
  });
});

Deno.test("scanNotebookJson() handles generated damage with findings or an AuthError", () => {
  const next = random(5);
  const good = JSON.stringify({ cells: [{ source: ["a"], outputs: [{ text: secret }] }] });
  for (let round = 0; round < 2000; round++) {
    const at = Math.floor(next() * good.length);
    const end = at + Math.floor(next() * 4);
    const json = good.slice(0, at) + String.fromCharCode(next() * 256) + good.slice(end);
    try {
      scanNotebookJson(json, secrets);
    } catch (error) {
      assert.ok(error instanceof AuthError, String(error));
    }
  }
});

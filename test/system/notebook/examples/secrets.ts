import assert from "node:assert/strict";
import type { Sandbox } from "../../../../examples/sandbox/mod.ts";

/** The shortest part of a secret that counts as shown, in characters. */
const SHORTEST = 6;
const SECRET_NAMES = /(token|secret|password|private_key)$/;

/** Every secret of a sandbox and of the files below a home, each with a name for reports. */
export async function secretsOf(sandbox: Sandbox, home: string): Promise<Record<string, string>> {
  const secrets: Record<string, string> = {};
  for (const [index, { password }] of sandbox.users.entries()) {
    secrets[`password ${index}`] = password;
  }
  for (const [name, client] of Object.entries(sandbox.clients)) {
    if (client.clientSecret) secrets[`${name} client_secret`] = client.clientSecret;
    const key = client.privateKeyPem?.replace(/-----[A-Z ]+-----|\s/g, "");
    // The common beginning of all keys of a kind is not secret.
    if (key) secrets[`${name} private_key`] = key.slice(48);
  }
  for await (const [file, content] of jsonBelow(home)) {
    for (const [name, value] of Object.entries(content)) {
      if (typeof value === "string" && SECRET_NAMES.test(name)) secrets[`${file} ${name}`] = value;
    }
  }
  return secrets;
}

/** Fails if a text contains six characters in a row of any secret. Names the secret, but does not show it. */
export function assertNoSecret(text: string, secrets: Record<string, string>, what: string): void {
  const values = Object.entries(secrets);
  assert(values.length > 0, "there are no secrets to look for");
  const parts = new Set<string>();
  for (let at = 0; at + SHORTEST <= text.length; at++) parts.add(text.slice(at, at + SHORTEST));
  for (const [name, secret] of values) {
    assert(secret.length >= 12, `${name} is too short to look for`);
    for (let at = 0; at + SHORTEST <= secret.length; at++) {
      assert(!parts.has(secret.slice(at, at + SHORTEST)), `${what} shows a part of ${name}`);
    }
  }
}

/** All texts of a value, with quotes and line ends as a reader sees them. */
export function textsOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return String(value);
  const separator = Array.isArray(value) && value.every((item) => typeof item === "string")
    ? "" // the lines of one text
    : "\n";
  return Object.entries(value).map(([key, item]) =>
    Array.isArray(value) ? textsOf(item) : `${key}\n${textsOf(item)}`
  ).join(separator);
}

async function* jsonBelow(folder: string): AsyncGenerator<[string, Record<string, unknown>]> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* jsonBelow(path);
    else if (isFile) {
      const content = parse(await Deno.readTextFile(path));
      if (typeof content === "object" && content !== null) {
        yield [name, content as Record<string, unknown>];
      }
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // not JSON: a database, a lock
  }
}

import assert from "node:assert/strict";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Sandbox } from "../../../examples/sandbox/mod.ts";
import type { Report, Runner } from "./task.ts";

/** The tools of a scenario. */
export interface World {
  runner: Runner;
  sandbox: Sandbox;
  /** Its own folder, the home of all its processes. */
  home: string;
}

/** A request that every API of the sandbox answers. */
export const INFO = { do: "fetch", url: "/api/info?item_id=x" } as const;

/** The environment of every process of a scenario. */
export function environment({ sandbox, home }: World): Record<string, string> {
  return { ...sandbox.environment, HOME: home };
}

/** Checks that a sign-in worked and every step returned a value. Returns the values. */
export function values(report: Report): unknown[] {
  assert.equal(report.error, undefined, `${report.error?.code}: ${report.error?.message}`);
  return report.results.map(({ value, code, message }) => {
    assert.equal(code, undefined, `${code}: ${message}`);
    return value;
  });
}

/** Checks that a step got a response from the API. */
export function assertAnswered(value: unknown): void {
  assert.equal((value as { status?: number })?.status, 200);
}

/** Fails if six characters in a row of a secret appear. */
export function assertHidden(text: string, secrets: string[]): void {
  for (const secret of secrets) {
    for (let start = 0; start + 6 <= secret.length; start++) {
      const part = secret.slice(start, start + 6);
      assert.ok(!text.includes(part), "a part of a secret is shown");
    }
  }
}

/** Checks that all folders have mode 0700 and all files 0600. */
export async function assertPrivate(directory: string): Promise<void> {
  assert.equal((await stat(directory)).mode & 0o777, 0o700, directory);
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    const status = await stat(path);
    if (status.isDirectory()) await assertPrivate(path);
    else assert.equal(status.mode & 0o777, 0o600, path);
  }
}

/** The sandbox's OpenID provider, where a person signs in. */
export function oidc(sandbox: Sandbox, method: "browser" | "device"): Record<string, unknown> {
  return {
    name: "interop",
    grant: method === "device" ? "device_code" : "authorization_code",
    methods: [method],
    issuer: sandbox.environment["OIDC_ISSUER"],
    apiUrl: sandbox.environment["OIDC_API_URL"],
    scope: "openid offline_access api:read",
    authorizationParameters: { prompt: "consent" },
  };
}

import { SignJWT } from "jose";
import type { SandboxClient } from "../../../examples/sandbox/mod.ts";

/** Returns an environment variable. A missing one is a mistake in the test. */
export function need(environment: Record<string, string>, name: string): string {
  const value = environment[name];
  if (value === undefined) throw new Error(`The sandbox set no ${name}.`);
  return value;
}

/** A response with its JSON already read, so that no body stays open. */
export interface Answer {
  status: number;
  headers: Headers;
  json: Record<string, unknown>;
}

/** Posts a form and reads the JSON. */
export async function post(
  url: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return await read(await fetch(url, { method: "POST", body: new URLSearchParams(form), headers }));
}

/** Gets with a bearer token and reads the JSON. */
export async function get(url: string, token?: unknown): Promise<Answer> {
  return await read(
    await fetch(url, token ? { headers: { authorization: `Bearer ${token}` } } : {}),
  );
}

export async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  let json: Record<string, unknown> = {};
  try {
    json = JSON.parse(text);
  } catch {
    json = { text };
  }
  return { status: response.status, headers: response.headers, json };
}

/** `Authorization: Basic` in UTF-8. */
export function basic(username: string, password: string): string {
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/** A form with `client_secret_jwt`, whose claims can be changed. */
export async function secretJwtForm(
  { clientId, clientSecret }: SandboxClient,
  audience: string,
  claims: Record<string, unknown> = {},
): Promise<Record<string, string>> {
  const now = Math.floor(Date.now() / 1000);
  const assertion = await new SignJWT({
    iss: clientId,
    sub: clientId,
    aud: audience,
    jti: crypto.randomUUID(),
    iat: now,
    exp: now + 60,
    ...claims,
  }).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(clientSecret));
  return {
    grant_type: "client_credentials",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
  };
}

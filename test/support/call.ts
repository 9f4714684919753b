import assert from "node:assert/strict";
import type { Session } from "../../mod.ts";
import type { Fetch } from "../../src/http/api_fetch.ts";

/** A response of the API, with its body read. */
export interface ApiAnswer {
  status: number;
  headers: Headers;
  json: Record<string, unknown>;
}

/** Calls the API and reads the response, so that no body stays open. */
export async function call(
  session: { fetch: Fetch },
  url: string | URL | Request = "/api/info?item_id=x",
  init?: RequestInit,
): Promise<ApiAnswer> {
  const response = await session.fetch(url, init);
  const text = await response.text();
  let json: Record<string, unknown> = {};
  try {
    json = JSON.parse(text);
  } catch {
    json = { text };
  }
  return { status: response.status, headers: response.headers, json };
}

/** Calls the API, which must return 200. */
export async function works(session: { fetch: Fetch }): Promise<void> {
  const { status, json } = await call(session);
  assert.equal(status, 200, JSON.stringify(json));
  assert.equal(json["item_id"], "x");
}

/** The text of the card that a notebook shows for a session. */
export async function cardText(session: Session): Promise<string> {
  const card: () => Promise<Record<string, string>> = Reflect.get(
    session,
    Symbol.for("Jupyter.display"),
  );
  return (await card.call(session))["text/plain"] ?? "";
}

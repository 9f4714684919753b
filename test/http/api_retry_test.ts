import assert from "node:assert/strict";
import type { AuthErrorCode } from "../../src/errors.ts";
import { fakeApi } from "../support/api.ts";
import { call } from "../support/call.ts";
import { json, never, tokenAnswer } from "../support/fake_server.ts";
import { plainProvider } from "../support/parts.ts";
import { rejects, until } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

const ok = () => json({ ok: true });

interface Retry {
  name: string;
  status: number;
  method?: string;
  times: number;
  sent: number;
  answer: number;
  headers?: Record<string, string>;
  statuses?: number[];
}

const NOW = { "retry-after": "0" };

test("fetch: temporary failures are tried three times if repeating is safe", () =>
  eachRow<Retry>([
    { name: "503 once", status: 503, times: 1, sent: 2, answer: 200 },
    { name: "503 for good", status: 503, times: 9, sent: 3, answer: 503 },
    { name: "429", status: 429, times: 1, sent: 2, answer: 200, headers: NOW },
    { name: "502", status: 502, times: 1, sent: 2, answer: 200 },
    { name: "504", status: 504, times: 1, sent: 2, answer: 200 },
    { name: "500 of GET", status: 500, times: 1, sent: 2, answer: 200 },
    { name: "500 of PUT", status: 500, method: "PUT", times: 1, sent: 1, answer: 500 },
    { name: "503 of POST", status: 503, method: "POST", times: 1, sent: 2, answer: 200 },
    { name: "502 of POST", status: 502, method: "POST", times: 1, sent: 1, answer: 502 },
    { name: "502 of PATCH", status: 502, method: "PATCH", times: 1, sent: 1, answer: 502 },
    { name: "502 of DELETE", status: 502, method: "DELETE", times: 1, sent: 2, answer: 200 },
    { name: "404", status: 404, times: 1, sent: 1, answer: 404 },
    { name: "403", status: 403, times: 1, sent: 1, answer: 403 },
    { name: "501", status: 501, times: 1, sent: 1, answer: 501 },
    {
      name: "a wait of more than a minute",
      status: 429,
      times: 1,
      sent: 1,
      answer: 429,
      headers: { "retry-after": "61" },
    },
    {
      name: "the provider's own statuses",
      status: 413,
      statuses: [413],
      times: 1,
      sent: 2,
      answer: 200,
      headers: NOW,
    },
    { name: "not the provider's", status: 503, statuses: [413], times: 1, sent: 1, answer: 503 },
  ], async ({ status, method = "GET", times, sent, answer, headers = {}, statuses }) => {
    const provider = plainProvider(statuses ? { retryStatuses: statuses } : {});
    const respond = (_: unknown, number: number) =>
      number <= times ? json({}, status, headers) : ok();
    const { session, api } = fakeApi(respond, { provider });
    const body = method === "GET" ? {} : { body: "x" };
    assert.equal((await call(session, "/x", { method, ...body })).status, answer);
    assert.equal(api.arrivals.length, sent);
  }));

test("fetch: a lost connection is retried if the request may be repeated", () =>
  eachRow([
    { name: "GET", sent: 3 },
    { name: "PUT", sent: 3 },
    { name: "POST", sent: 1 },
    { name: "PATCH", sent: 1 },
  ], async ({ name, sent }) => {
    const { session, api } = fakeApi(() => Promise.reject(new TypeError("connection reset")));
    await rejects(session.fetch("/x", { method: name }), "network", /api\.example\.com/);
    assert.equal(api.arrivals.length, sent);
  }));

test("fetch: a silent API ends in a timeout, and a caller's signal in its own reason", async () => {
  const silent = fakeApi(never, { timeout: 100 });
  const started = performance.now();
  const slow = silent.session.fetch("/x", { signal: AbortSignal.timeout(5_000) });
  await rejects(slow, "timeout", /0\.1 s/);
  assert(performance.now() - started < 2_000);
  const reason = new Error("enough");
  await assert.rejects(silent.session.fetch("/x", { signal: AbortSignal.abort(reason) }), reason);
  const controller = new AbortController();
  const waiting = assert.rejects(
    silent.session.fetch("/x", { signal: controller.signal }),
    (error) => error === reason,
  );
  controller.abort(reason);
  await waiting;
});

test("fetch: a caller's signal also ends a pause and a renewal", async () => {
  const reason = new Error("enough");
  const inPause = fakeApi(() => json({}, 503, { "retry-after": "30" }));
  const inRenewal = fakeApi(() => json({}, 401));
  await inRenewal.keeper.fresh();
  inRenewal.auth.answer = never;
  for (const { session, api } of [inPause, inRenewal]) {
    const controller = new AbortController();
    const ended = assert.rejects(
      session.fetch("/x", { signal: controller.signal }),
      (error) => error === reason,
    );
    await until("the first answer", () => api.arrivals.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    controller.abort(reason);
    await ended;
  }
});

test("fetch: a 401 is returned if a renewal does not help, unless the renewal timed out", () =>
  eachRow<{ name: string; answer: () => Response; code: AuthErrorCode | null }>([
    { name: "another token is no better", answer: () => tokenAnswer(2), code: null },
    { name: "refused", answer: () => json({ error: "invalid_client" }, 401), code: null },
    { name: "no scope", answer: () => json({ error: "invalid_scope" }, 400), code: null },
    { name: "down", answer: () => json({}, 500), code: "server_error" },
    { name: "a wrong page", answer: () => new Response("<html>"), code: "bad_response" },
  ], async ({ answer, code }) => {
    const { session, auth, keeper, api } = fakeApi(() => json({ error: "no" }, 401));
    await keeper.fresh();
    auth.answer = answer;
    if (code !== null) return void await rejects(session.fetch("/x"), code);
    const { status, json: body } = await call(session, "/x");
    assert.deepEqual([status, body["error"]], [401, "no"]);
    assert(api.arrivals.length <= 2);
  }));

test("fetch: a DPoP nonce from the API is used, then and later", async () => {
  const nonces: unknown[] = [];
  const { session, auth } = fakeApi(({ headers }) => {
    const [, payload = ""] = (headers.get("dpop") ?? "").split(".");
    const { nonce } = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
    nonces.push(nonce);
    return nonce === "n1" ? ok() : json({}, 401, { "dpop-nonce": "n1" });
  }, { dpop: true });
  assert.equal((await call(session, "/x", { method: "POST", body: "x" })).status, 200);
  assert.equal((await call(session, "/x")).status, 200);
  assert.deepEqual(nonces, [undefined, "n1", "n1"]);
  assert.equal(auth.arrivals.length, 1, "no new token for a nonce");
});

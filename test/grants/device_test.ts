import assert from "node:assert/strict";
import type { AuthErrorCode } from "../../src/errors.ts";
import { beginDevice } from "../../src/grants/device_code.ts";
import type { GrantContext } from "../../src/grants/grant.ts";
import { fakeServer, json } from "../support/fake_server.ts";
import { type Clock, fakeClock, grantParts, plainProvider } from "../support/parts.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

const PLAIN = {
  device_code: "the-device-code",
  user_code: "ABCD-EFGH",
  verification_uri: "https://auth.example.com/device",
  expires_in: 600,
  interval: 5,
};

/** A context whose waits take no time and move the clock. */
function contextOf(
  fetch: typeof globalThis.fetch,
  clock: Clock,
): GrantContext & { waits: number[] } {
  const waits: number[] = [];
  const provider = plainProvider({ grant: "device_code" });
  const context = grantParts(fetch, {
    provider,
    now: clock,
    wait: (milliseconds) => {
      waits.push(milliseconds / 1000);
      clock.move(milliseconds);
      return Promise.resolve();
    },
  });
  return Object.assign(context, { waits });
}

interface Begin {
  name: string;
  seen: string;
  /** The differences from a plain response. */
  body: Record<string, unknown> | string;
  status?: number;
  url?: string;
  complete?: string;
  lives?: number;
  /** The first wait, in seconds. */
  waits?: number;
  code?: AuthErrorCode;
}

test("device: responses of real servers are accepted, and only safe links are shown", () =>
  eachRow<Begin>(
    [
      { name: "plain", seen: "RFC 8628 section 3.2", body: {} },
      {
        name: "verification_url",
        seen: "Google (kubelogin#846)",
        body: { verification_uri: undefined, verification_url: "https://www.google.com/device" },
        url: "https://www.google.com/device",
      },
      {
        name: "numbers as text",
        seen: "Entra v1",
        body: { expires_in: "900", interval: "7" },
        lives: 900,
        waits: 7,
      },
      { name: "interval 0", seen: "Keycloak set so", body: { interval: 0 }, waits: 1 },
      {
        name: "no interval",
        seen: "RFC 8628 section 3.2",
        body: { interval: undefined },
        waits: 5,
      },
      { name: "interval null", seen: "wrong types", body: { interval: null }, waits: 5 },
      {
        name: "no expires_in",
        seen: "home-made servers",
        body: { expires_in: undefined },
        lives: 900,
      },
      { name: "expires_in 0", seen: "home-made servers", body: { expires_in: 0 }, lives: 900 },
      {
        name: "a code that is valid for a day",
        seen: "GitLab set so",
        body: { expires_in: 86400 },
        lives: 3600,
      },
      { name: "201", seen: "home-made servers", body: {}, status: 201 },
      {
        name: "a form",
        seen: "GitHub without Accept",
        body: String(
          new URLSearchParams({ ...PLAIN, expires_in: "600", interval: "5", error: "" }),
        ),
      },
      { name: "a code that is a number", seen: "TV sign-ins", body: { user_code: 123456 } },
      {
        name: "a complete link",
        seen: "RFC 8628 section 3.3.1",
        body: { verification_uri_complete: "https://auth.example.com/device?user_code=ABCD" },
        complete: "https://auth.example.com/device?user_code=ABCD",
      },
      { name: "an empty complete link", seen: "wild E", body: { verification_uri_complete: "" } },
      {
        name: "a complete link elsewhere",
        seen: "trust 17",
        body: { verification_uri_complete: "https://evil.example/device?user_code=ABCD" },
      },
      {
        name: "a complete link that is a telephone number",
        seen: "trust 17",
        body: { verification_uri_complete: "tel:+1900" },
      },
      {
        name: "http",
        seen: "trust 17",
        body: { verification_uri: "http://auth.example.com/d" },
        code: "bad_response",
      },
      {
        name: "ftp",
        seen: "trust 17",
        body: { verification_uri: "ftp://auth.example.com/d" },
        code: "bad_response",
      },
      {
        name: "javascript",
        seen: "trust 17",
        body: { verification_uri: "javascript:alert(1)" },
        code: "bad_response",
      },
      ...[
        "https://2130706433/d",
        "https://localhost/d",
        "https://[::ffff:127.0.0.1]/d",
        "https://169.254.169.254/d",
        "https://metadata.google.internal/d",
        `https://auth.example.com/${"d".repeat(2000)}`,
      ].map((link) => ({
        name: `a link of a remote server: ${link.slice(0, 40)}`,
        seen: "own attack on trust 17",
        body: { verification_uri: link },
        code: "bad_response" as const,
      })),
      ...["https://evil.example/x", "www.evil.example", "evil.example/x", "<b>A</b>", "a@b", "A:B"]
        .map((user_code) => ({
          name: `a code that looks like a link or a tag: ${user_code}`,
          seen: "own attack on trust 17",
          body: { user_code },
          code: "bad_response" as const,
        })),
      { name: "a code with spaces", seen: "the same, kept", body: { user_code: "AB CD_12.3" } },
      {
        name: "a local port of a remote server",
        seen: "trust 5",
        body: { verification_uri: "http://127.0.0.1:1/d" },
        code: "bad_response",
      },
      {
        name: "a username in the link",
        seen: "trust 17",
        body: { verification_uri: "https://auth.example.com@evil.example/" },
        code: "bad_response",
      },
      {
        name: "a sentence instead of a code",
        seen: "trust 17",
        body: {
          user_code: "Call +1900 and give your password\nto the person who answers, they will know",
        },
        code: "bad_response",
      },
      {
        name: "no code",
        seen: "home-made servers",
        body: { user_code: undefined },
        code: "bad_response",
      },
      {
        name: "an error with 200",
        seen: "GitHub: device flow disabled",
        body: { error: "device_flow_disabled" },
        code: "grant_refused",
      },
      {
        name: "an unknown client",
        seen: "GitHub",
        body: { error: "Not Found", message: "x" },
        status: 404,
        code: "grant_refused",
      },
      {
        name: "invalid_client",
        seen: "Keycloak",
        body: { error: "invalid_client" },
        status: 401,
        code: "client_refused",
      },
    ],
    async (
      { body, status = 200, url = PLAIN.verification_uri, complete, lives = 600, waits, code },
    ) => {
      const clock = fakeClock();
      const server = fakeServer(({ url }) =>
        url.pathname === "/token"
          ? json({ access_token: "t" })
          : typeof body === "string"
          ? new Response(body)
          : json({ ...PLAIN, ...body }, status)
      );
      const context = contextOf(server.fetch, clock);
      if (code !== undefined) return void await rejects(beginDevice(context), code);
      const request = await beginDevice(context);
      assert.equal(request.url, url);
      assert.equal(request.completeUrl, complete);
      assert.equal(request.until, clock() + lives * 1000);
      await request.poll(new AbortController().signal);
      assert.equal(context.waits[0], waits ?? 5);
      assert.equal(server.arrivals.at(-1)?.form.get("device_code"), PLAIN.device_code);
    },
  ));

const pending = (status = 400) => json({ error: "authorization_pending" }, status);
const lost = () => Promise.reject(new TypeError("connection reset"));

interface Poll {
  name: string;
  seen: string;
  /** The server's responses, in order; then a token. */
  answers: (() => Response | Promise<Response>)[];
  /** The wait before each poll, in seconds. */
  waits: number[];
  code?: AuthErrorCode;
  says?: RegExp;
}

test("device: polls through temporary errors until the code expires", () =>
  eachRow<Poll>([
    { name: "at once", seen: "RFC 8628", answers: [], waits: [5] },
    { name: "pending", seen: "RFC 8628", answers: [pending, pending], waits: [5, 5, 5] },
    {
      name: "pending with 200",
      seen: "GitHub (openid-client#575)",
      answers: [() => pending(200)],
      waits: [5, 5],
    },
    { name: "pending with 428", seen: "Google", answers: [() => pending(428)], waits: [5, 5] },
    {
      name: "pending with 401 and a challenge",
      seen: "Doorkeeper",
      answers: [
        () => json({ error: "authorization_pending" }, 401, { "www-authenticate": "Bearer" }),
      ],
      waits: [5, 5],
    },
    {
      name: "pending as a form",
      seen: "GitHub without Accept",
      answers: [() => new Response("error=authorization_pending&interval=5")],
      waits: [5, 5],
    },
    {
      name: "slow_down",
      seen: "flyte-sdk#1587",
      answers: [() => json({ error: "slow_down" }, 400), pending],
      waits: [5, 10, 10],
    },
    {
      name: "slow_down with 200",
      seen: "GitHub",
      answers: [() => json({ error: "slow_down", interval: 10 })],
      waits: [5, 10],
    },
    {
      name: "slow_down at the first poll",
      seen: "Abblix#281",
      answers: [() => json({ error: "slow_down" }, 403)],
      waits: [5, 10],
    },
    { name: "500", seen: "mobula#22", answers: [() => json({}, 500)], waits: [5, 10] },
    {
      name: "503 again and again",
      seen: "mobula#22",
      answers: [() => json({}, 503), () => json({}, 503), () => json({}, 503), pending],
      waits: [5, 10, 20, 40, 40],
    },
    {
      name: "502 with a page",
      seen: "proxies",
      answers: [() => new Response("<html>", { status: 502 })],
      waits: [5, 10],
    },
    {
      name: "429 without a body",
      seen: "hyperframes#2836",
      answers: [() => new Response(null, { status: 429, headers: { "retry-after": "30" } })],
      waits: [5, 30],
    },
    { name: "a lost connection", seen: "laptops", answers: [lost, lost], waits: [5, 10, 20] },
    {
      name: "temporarily_unavailable",
      seen: "Entra",
      answers: [() => json({ error: "temporarily_unavailable" }, 400)],
      waits: [5, 10],
    },
    {
      name: "declined",
      seen: "RFC 8628",
      answers: [() => json({ error: "access_denied" }, 400)],
      waits: [5],
      code: "login_refused",
      says: /declined/,
    },
    {
      name: "authorization_declined",
      seen: "Entra",
      answers: [() => json({ error: "authorization_declined" }, 400)],
      waits: [5],
      code: "login_refused",
      says: /declined/,
    },
    {
      name: "expired_token",
      seen: "RFC 8628",
      answers: [pending, () => json({ error: "expired_token" }, 400)],
      waits: [5, 5],
      code: "login_timeout",
      says: /code expired before it was approved/,
    },
    {
      name: "expired_token with 200",
      seen: "GitHub",
      answers: [() => json({ error: "expired_token" })],
      waits: [5],
      code: "login_timeout",
      says: /code expired before it was approved/,
    },
    {
      name: "bad_verification_code",
      seen: "Entra",
      answers: [() => json({ error: "bad_verification_code" }, 400)],
      waits: [5],
      code: "grant_refused",
      says: /code has expired or was used/,
    },
    {
      name: "invalid_grant",
      seen: "product-is#10120",
      answers: [() => json({ error: "invalid_grant" }, 400)],
      waits: [5],
      code: "grant_refused",
    },
    {
      name: "invalid_client",
      seen: "Keycloak",
      answers: [() => json({ error: "invalid_client" }, 401)],
      waits: [5],
      code: "client_refused",
    },
    {
      name: "a page with 200",
      seen: "captive portals",
      answers: [() => new Response("<html>")],
      waits: [5],
      code: "bad_response",
    },
  ], async ({ answers, waits, code, says = /./ }) => {
    const left = [...answers];
    const server = fakeServer(({ url }) =>
      url.pathname === "/device" ? json(PLAIN) : left.shift()?.() ?? json({ access_token: "t" })
    );
    const context = contextOf(server.fetch, fakeClock());
    const outcome = (await beginDevice(context)).poll(new AbortController().signal);
    if (code === undefined) assert.equal((await outcome).access_token, "t");
    else await rejects(outcome, code, says);
    assert.deepEqual(context.waits, waits);
    assert.equal(server.count("/token"), waits.length, "every poll is sent once");
  }));

test("device: an expired code is reported as expired, not as a timeout", () =>
  eachRow(
    [
      {
        name: "never approved",
        answer: pending,
        code: "login_timeout",
        says: /code expired before/,
      },
      { name: "never well", answer: () => json({}, 503), code: "server_error", says: /503/ },
    ] as const,
    async ({ answer, code, says }) => {
      const server = fakeServer(({ url }) => url.pathname === "/device" ? json(PLAIN) : answer());
      const clock = fakeClock();
      const began = clock();
      const context = contextOf(server.fetch, clock);
      await rejects((await beginDevice(context)).poll(new AbortController().signal), code, says);
      assert.equal(clock() - began, 600_000, "no longer than the code lives");
    },
  ));

test("device: the stop button ends the wait", async () => {
  const server = fakeServer(({ url }) => url.pathname === "/device" ? json(PLAIN) : pending());
  const context = grantParts(server.fetch, { provider: plainProvider({ grant: "device_code" }) });
  const request = await beginDevice(context);
  await rejects(request.poll(AbortSignal.timeout(10)), "timeout", /^Timed out/);
  await rejects(request.poll(AbortSignal.abort()), "aborted");
  assert.equal(server.count("/token"), 0);
});

import assert from "node:assert/strict";
import { grantParts } from "../support/parts.ts";
import { fakeServer, json } from "../support/fake_server.ts";
import { spatiafi } from "../../src/providers/registry.ts";
import { createAppCredentials } from "../../src/grants/enrolment.ts";
import type { AuthErrorCode } from "../../src/errors.ts";
import { works } from "../support/call.ts";
import { rejects } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";
import { TOKEN_REQUESTS, underFault } from "../support/token_requests.ts";
import { savedToken } from "../support/world.ts";

/** The expected outcome of one fault. */
interface Row {
  /** A fault of the sandbox, by name. */
  name: string;
  /** The error code, or `null` if it does no harm. */
  code: AuthErrorCode | null;
  /** How often the request is sent: one that may be repeated, and one that may not. */
  sent: [many: number, once: number];
  /** The token's lifetime in the response, in seconds; 900 by default. */
  lifetime?: number;
  status?: number;
  retryAfter?: number;
}

const TEN_YEARS = 315_360_000;

const ROWS: Row[] = [
  // The two that wait longest come first; the others run meanwhile.
  { name: "503", code: "server_error", sent: [3, 3], status: 503, retryAfter: 1 },
  { name: "429", code: "rate_limited", sent: [3, 3], status: 429, retryAfter: 1 },
  { name: "500", code: "server_error", sent: [1, 1], status: 500 },
  { name: "502-html", code: "server_error", sent: [3, 1], status: 502 },
  { name: "reset", code: "network", sent: [3, 1] },
  { name: "lost", code: "network", sent: [3, 1] },
  { name: "hang", code: "timeout", sent: [1, 1] },
  { name: "drip", code: "timeout", sent: [1, 1] },
  { name: "invalid-json", code: "bad_response", sent: [1, 1], status: 200 },
  { name: "html-200", code: "bad_response", sent: [1, 1], status: 200 },
  { name: "no-access-token", code: "bad_response", sent: [1, 1], status: 200 },
  { name: "expires-missing", code: null, sent: [1, 1] },
  { name: "expires-string", code: null, sent: [1, 1] },
  { name: "expires-zero", code: "bad_response", sent: [1, 1] },
  { name: "expires-negative", code: "bad_response", sent: [1, 1] },
  { name: "expires-huge", code: null, sent: [1, 1], lifetime: TEN_YEARS },
  { name: "expires-at", code: null, sent: [1, 1] },
  { name: "token-type-mac", code: "bad_response", sent: [1, 1], status: 200 },
  // ArcGIS and VK send none.
  { name: "token-type-missing", code: null, sent: [1, 1] },
  { name: "302", code: "redirect_refused", sent: [1, 1], status: 302 },
  { name: "huge", code: "bad_response", sent: [1, 1], status: 200 },
  { name: "401", code: "client_refused", sent: [1, 1], status: 401 },
  { name: "echo", code: "grant_refused", sent: [1, 1], status: 400 },
  { name: "date", code: null, sent: [1, 1] },
];

/** The time limit for an exchange, in milliseconds. */
const DEADLINE = 20_000;

/** Every fault with every grant. The faults that wait longest come first; the others run meanwhile. */
const CASES = ROWS.flatMap((row) =>
  TOKEN_REQUESTS.map((request) => ({ name: `${request.name}: ${row.name}`, row, request }))
);

test("every fault of a token endpoint ends as documented, with every grant", () =>
  eachRow(CASES, async ({ row, request }) => {
    // A hang takes its whole deadline. The others are far from it.
    const deadline = row.code === "timeout" ? 1_000 : DEADLINE;
    await using world = await underFault(request, row.name, 9, deadline);
    const { sandbox, directory, endpoint, send } = world;
    const before = await savedToken(directory);
    if (row.code === null) {
      await works(await send());
      const token = await savedToken(directory);
      const lifetime = Number(token?.["expires_at"]) - Number(token?.["obtained_at"]);
      assert(Math.abs(lifetime - (row.lifetime ?? 900)) < 5, `lives ${lifetime} s`);
    } else {
      // Any error that refuses a refresh token ends the saved session.
      const isEnd = row.name === "echo" && request.name === "refresh_token";
      const error = await rejects(send(), isEnd ? "login_required" : row.code);
      // A refresh token came with an unusable token. It is kept, because the old one is used up.
      const isKept = before !== null && /^expires|token-type-mac/.test(row.name);
      assert.equal(error.status, isKept || isEnd ? undefined : row.status);
      assert.equal(error.retryAfter, row.retryAfter);
      const after = await savedToken(directory);
      if (!isKept) assert.deepEqual(after, before);
      else assert.notEqual(after?.["refresh_token"], before["refresh_token"]);
      // The message must not repeat parts of the request.
      assert.doesNotMatch(error.message, /grant_type|client_secret|assertion|refresh_token=/);
    }
    const took = world.took();
    assert(took < deadline + 5_000, `${took} ms`); // a busy machine only adds to the time
    assert.equal(sandbox.count(endpoint), row.sent[request.once ? 1 : 0], "sent");
    assert.deepEqual(sandbox.errors, []);
  }, 14));

test("a temporary failure is retried if the request may be repeated", () =>
  eachRow(
    TOKEN_REQUESTS.flatMap((request) =>
      ["502-html", "503", "429", "reset"].map((fault) => ({
        name: `${request.name} ${fault}`,
        request,
        fault,
        recovers: !request.once || fault === "503" || fault === "429",
      }))
    ),
    async ({ request, fault, recovers }) => {
      await using world = await underFault(request, fault, 1, 10_000);
      const { sandbox, send, endpoint } = world;
      if (!recovers) return void await assert.rejects(send());
      await works(await send());
      assert.equal(sandbox.count(endpoint), 2);
    },
    12,
  ));

test("a long Retry-After is an error, not a wait", async () => {
  const [request = undefined] = TOKEN_REQUESTS;
  assert(request);
  const fault = { kind: "status", status: 503, headers: { "retry-after": "3600" } } as const;
  await using world = await underFault(request, fault, 9, 10_000);
  const error = await rejects(world.send(), "server_error");
  assert.equal(error.retryAfter, 3600);
  assert.equal(world.sandbox.count(world.endpoint), 1);
});

test("an enrolment never sends a token that is not a valid header, and the error does not repeat it", async () => {
  const token = "a-secret\r\nx-evil: 1";
  const { fetch, arrivals } = fakeServer(() => json({ access_token: token }));
  const parts = grantParts(fetch, { provider: spatiafi });
  const { message } = await rejects(createAppCredentials(parts, "ada", "pw"), "bad_response");
  assert.equal(arrivals.length, 1);
  assert(!message.includes("a-secret"), message);
});

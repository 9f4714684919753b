/** The scenario for every grant of every server: the steps, their outcomes, the matrix. */
import assert from "node:assert/strict";
import {
  AuthError,
  type AuthErrorCode,
  getSession,
  type Provider,
  type Session,
  type SessionOptions,
} from "../../../mod.ts";
import { checkProvider } from "../../../src/providers/define_provider.ts";
import { scriptedPerson } from "../../support/person.ts";
import type { Decision, IndependentServer, OfferedGrant } from "./independent_server.ts";

/** The steps in order, which are the columns of the matrix. */
export const STEPS = [
  "refused",
  "sign-in",
  "cached start",
  "second session",
  "forced 401",
  "expiry",
  "dead refresh",
  "logout",
] as const;
/** A step's name. */
export type StepName = typeof STEPS[number];

/** The outcome of one step: `ok`, `–` if it does not apply, or what went wrong. */
export type Outcome = string;
/** One line of the matrix. */
export interface Row {
  readonly server: string;
  readonly grant: string;
  readonly outcomes: ReadonlyMap<StepName, Outcome>;
  /** True if a refresh returns a new refresh token; `undefined` if the server has none. */
  readonly rotates: boolean | undefined;
}

/** The error code of a session whose refresh token has expired, without a person. */
const ENDED: AuthErrorCode = "login_required";
/** The error code of a sign-in that needs a person, without a session and without a person. */
const NOBODY: AuthErrorCode = "login_required";
/** Lifetimes of access tokens, in seconds: one that outlasts every step, and one to wait for. */
const LONG = 300;
const SHORT = 5;
/** The time limit for one step of one grant, in milliseconds. */
const STEP_TIME = 40_000;

/** A token request as it was sent. */
interface TokenRequest {
  readonly grant: string;
  readonly status: number;
  readonly answer: Readonly<Record<string, unknown>>;
  readonly resend: (refreshToken: string) => Promise<number>;
}

/** An API of our own that accepts the server's tokens, and can be told to refuse one. */
interface Api extends AsyncDisposable {
  readonly url: string;
  readonly refused: Set<string>;
}

/** A server whose requests are sent one at a time if it needs that; its pages and its tokens. */
function inTurn(
  server: IndependentServer,
): Pick<IndependentServer, "accepts" | "signIn" | "answerDevice"> & {
  fetch: typeof fetch;
} {
  let last: Promise<unknown> = Promise.resolve();
  const turn = <T>(action: () => Promise<T>): Promise<T> => {
    if (!server.oneAtATime) return action();
    const next = last.then(action, action);
    last = next.catch(() => {});
    return next;
  };
  const { signIn, answerDevice } = server;
  return {
    accepts: (token) => turn(() => server.accepts(token)),
    ...(signIn && { signIn: (url, answer) => turn(() => signIn(url, answer)) }),
    ...(answerDevice && { answerDevice: (card, answer) => turn(() => answerDevice(card, answer)) }),
    fetch: (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      return url.origin === server.url ? turn(() => fetch(input, init)) : fetch(input, init);
    },
  };
}

type Asked = ReturnType<typeof inTurn>;

function startApi(server: Asked): Api {
  const refused = new Set<string>();
  const listening = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const token = request.headers.get("authorization")?.replace(/^Bearer /i, "") ?? "";
      if (!refused.has(token) && await server.accepts(token)) return Response.json({ ok: true });
      const challenge = 'Bearer realm="api", error="invalid_token"';
      return new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
    },
  );
  return {
    url: `http://127.0.0.1:${listening.addr.port}/`,
    refused,
    [Symbol.asyncDispose]: () => listening.shutdown(),
  };
}

/** One grant on its way through the steps. */
class Passage {
  readonly #server: Asked;
  readonly #api: Api;
  readonly #folder: string;
  readonly grant: OfferedGrant;
  readonly requests: TokenRequest[] = [];
  readonly outcomes = new Map<StepName, Outcome>();
  #session: Session | undefined;

  constructor(server: Asked, api: Api, folder: string, grant: OfferedGrant) {
    this.#server = server;
    this.#api = api;
    this.#folder = folder;
    this.grant = grant;
  }

  get rotates(): boolean | undefined {
    const given = this.requests.filter(({ answer }) => typeof answer["refresh_token"] === "string");
    if (given.length === 0) return undefined;
    const refreshes = this.requests.filter(({ grant, status }) =>
      grant === "refresh_token" && status < 300
    );
    return refreshes.some(({ answer }) => answer["refresh_token"] !== undefined);
  }

  get needsPerson(): boolean {
    return this.grant.method !== undefined;
  }

  /** Runs one step and records its outcome. Steps after a failed sign-in are not reached. */
  async run(name: StepName, step: (passage: Passage) => Promise<Outcome | void>): Promise<void> {
    const first = this.outcomes.get("sign-in");
    if (first !== undefined && first !== "ok") return void this.outcomes.set(name, "not reached");
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<Outcome>((resolve) => {
      timer = setTimeout(() => resolve(`took more than ${STEP_TIME / 1000} s`), STEP_TIME);
    });
    const outcome = step(this).then((said) => said ?? "ok", (error) => describe(error));
    this.outcomes.set(name, await Promise.race([outcome, late]));
    clearTimeout(timer);
  }

  /** The session of the first sign-in. */
  get session(): Session {
    return this.#session ?? assert.fail("no session");
  }

  /** Signs in, with a person if one is needed. */
  async signIn(): Promise<void> {
    this.#session = await this.open("own");
  }

  /** A session in a folder with this name. */
  async open(
    folder: string,
    how: { nobody?: boolean; decision?: Decision; options?: SessionOptions } = {},
  ): Promise<Session> {
    const { method, credentials } = this.grant;
    const options: SessionOptions = {
      credentials: { ...credentials },
      directory: `${this.#folder}/${folder}`,
      fetch: (input, init) => this.#send(input, init),
      ...how.options,
    };
    if (method === undefined || how.nobody) {
      return await getSession(this.#provider(), { ...options, interactive: false });
    }
    const person = this.#person(how.decision ?? "allow");
    const end = new AbortController();
    const opening = getSession(this.#provider(), {
      ...options,
      interactive: true,
      person,
      method,
      signal: AbortSignal.any([end.signal, AbortSignal.timeout(STEP_TIME - 5_000)]),
    });
    // An error on the server's pages says more than a wait that never ends.
    const met = person.failed.then((error) => {
      end.abort();
      return opening.catch(() => {}).then(() => Promise.reject(error));
    });
    return await Promise.race([opening, met]).catch((error) =>
      end.signal.aborted ? met : Promise.reject(error)
    );
  }

  #provider(): Provider {
    return checkProvider({ name: "interop", apiUrl: this.#api.url, ...this.grant.definition });
  }

  #person(decision: Decision) {
    const server = this.#server;
    const { method } = this.grant;
    const failed = Promise.withResolvers<unknown>();
    let link = "";
    const person = scriptedPerson({
      browserIsLocal: method === "browser",
      answers: method === "paste"
        ? [async () => (await server.signIn?.(link, decision))?.href ?? ""]
        : [],
      onShow: async (state) => {
        try {
          if (state.kind === "device") await server.answerDevice?.(state, decision);
          if (state.kind !== "link") return;
          link = state.url;
          if (method !== "browser") return;
          const answer = await server.signIn?.(link, decision);
          if (answer) await (await fetch(answer, { redirect: "manual" })).body?.cancel();
        } catch (error) {
          failed.resolve(error);
        }
      },
    });
    return Object.assign(person, { failed: failed.promise });
  }

  /** Sends a request of the session, and records those to the token endpoint. */
  async #send(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const response = await this.#server.fetch(input, init);
    const form = new URLSearchParams(
      typeof init?.body === "object" || typeof init?.body === "string" ? String(init.body) : "",
    );
    const grant = form.get("grant_type");
    if (grant === null) return response;
    const text = await response.clone().text();
    let answer: Record<string, unknown> = {};
    try {
      answer = JSON.parse(text);
    } catch {
      // A response that is not JSON must be judged, too.
    }
    const address = input instanceof Request ? input.url : input;
    this.requests.push({
      grant: grant.replace(/.*:/, ""),
      status: response.status,
      answer,
      resend: async (refreshToken) => {
        const body = new URLSearchParams({
          grant_type: "refresh_token",
          refresh_token: refreshToken,
        });
        for (const name of ["client_id", "client_secret"]) {
          const value = form.get(name);
          if (value !== null) body.set(name, value);
        }
        const headers = new Headers();
        const basic = new Headers(init?.headers).get("authorization");
        if (basic !== null) headers.set("authorization", basic);
        const again = await fetch(address, { method: "POST", body, headers });
        await again.body?.cancel();
        return again.status;
      },
    });
    return response;
  }

  /** The grants of an action's token requests. Polls of a device code count once. */
  async sent(action: () => Promise<unknown>): Promise<string[]> {
    const before = this.requests.length;
    await action();
    const grants = this.requests.slice(before).map(({ grant }) => grant);
    return grants.filter((grant, index) => grant !== "device_code" || grants[index - 1] !== grant);
  }

  /** The grant that renews: a refresh if the server issued a token for it. */
  get renewal(): string[] {
    const first = this.requests.find(({ status }) => status < 300);
    // RFC 6749 section 4.4.3: a refresh token for client credentials must not be used.
    const refreshes = typeof first?.answer["refresh_token"] === "string" &&
      first.grant !== "client_credentials";
    return [refreshes ? "refresh_token" : first?.grant ?? "none"];
  }

  async works(session: Session): Promise<void> {
    const response = await session.fetch("me");
    await response.body?.cancel();
    assert.equal(response.status, 200, `the API answered ${response.status}`);
  }

  async refuse(session: Session): Promise<void> {
    this.#api.refused.add(await session.token());
  }

  accepted(token: string): Promise<boolean> {
    return this.#server.accepts(token);
  }
}

/** An error in one line. */
function describe(error: unknown): Outcome {
  const text = error instanceof AuthError
    ? `${error.code}${error.error ? ` (${error.error})` : ""}: ${error.message}`
    : error instanceof Error
    ? error.message
    : String(error);
  return text.replaceAll(/\s+/g, " ").slice(0, 300);
}

/** Checks that a sign-in is refused with this code. */
async function refuses(what: string, promise: Promise<unknown>, wanted: AuthErrorCode) {
  const outcome = await promise.then(() => "it was fulfilled", (error) => {
    if (error instanceof AuthError && error.code === wanted) return undefined;
    return describe(error);
  });
  if (outcome !== undefined) assert.fail(`${what}: wanted ${wanted}, but ${outcome}`);
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until a token has expired at a server that counts whole seconds. */
async function untilDead({ expiresAt }: Session): Promise<void> {
  await pause(Math.max(0, (expiresAt?.getTime() ?? 0) - Date.now()) + 1_100);
}

/** The steps that follow each other on one session. Every grant does a step before the next one starts. */
const TABLE: Readonly<Record<StepName, (passage: Passage) => Promise<Outcome | void>>> = {
  async "sign-in"(passage) {
    const sent = await passage.sent(async () => {
      await passage.signIn();
      await passage.works(passage.session);
    });
    assert.equal(sent.length, 1, `one token request, not ${sent}`);
  },

  async "cached start"(passage) {
    const sent = await passage.sent(async () =>
      await passage.works(await passage.open("own", { nobody: true }))
    );
    assert.deepEqual(sent, []);
  },

  async "second session"(passage) {
    const first = await passage.session.token();
    const second = await passage.open("own", { nobody: true });
    const sent = await passage.sent(async () => {
      await second.refresh();
      await passage.works(second);
      // The first one has a token that the server may have ended with the refresh.
      await passage.works(passage.session);
    });
    assert.deepEqual(sent, passage.renewal);
    // A JWT with the same times may be the same token.
    if (passage.renewal[0] === "refresh_token") assert.notEqual(await second.token(), first);
  },

  async "forced 401"(passage) {
    const newest = await passage.open("own", { nobody: true });
    await passage.refuse(passage.session);
    await passage.refuse(newest);
    const sent = await passage.sent(async () => {
      await passage.works(newest);
      await passage.works(passage.session);
    });
    assert.deepEqual(sent, passage.renewal);
  },

  async "expiry"(passage) {
    await passage.session.refresh();
    await untilDead(passage.session);
    const began = performance.now();
    const sent = await passage.sent(() =>
      Promise.all(Array.from({ length: 5 }, () => passage.works(passage.session)))
    );
    // One renewal for all five. On a machine so busy that they outlast the new token, there is one more.
    const lifetimes = Math.ceil((performance.now() - began) / (SHORT * 900));
    const [renewal = ""] = passage.renewal;
    assert.ok(sent.length > 0 && sent.length <= lifetimes, `${sent.length} renewals`);
    assert.ok(sent.every((grant) => grant === renewal), `${sent}, not ${renewal}`);
  },

  async "dead refresh"(passage) {
    await untilDead(passage.session);
    if (passage.needsPerson) {
      for (const time of ["first", "second"]) {
        await refuses(`the ${time} time`, passage.open("own", { nobody: true }), ENDED);
      }
    }
    await passage.works(await passage.open("own"));
    const sent = await passage.sent(async () =>
      await passage.works(await passage.open("own", { nobody: true }))
    );
    assert.deepEqual(sent, [], "what the next way gave is kept");
  },

  async "logout"(passage) {
    const session = await passage.open("logout");
    const token = await session.token();
    const last = passage.requests.findLast(({ answer }) => answer["access_token"] === token);
    const { refreshToken, accessToken, removed, problems } = await session.logout();
    const said = problems.map(({ code, message }) => `${code}: ${message}`).join("; ");
    const has = typeof last?.answer["refresh_token"] === "string";
    const reported = `refresh token ${refreshToken}, access token ${accessToken}${
      said && ` (${said})`
    }`;
    assert.ok(removed, "the saved token is removed");
    const dead: string[] = [];
    if (await passage.accepted(token)) dead.push("the access token lives");
    if (has && last && await last.resend(String(last.answer["refresh_token"])) < 300) {
      dead.push("the refresh token lives");
    }
    const told = (has ? refreshToken === "revoked" : refreshToken === "none") &&
      accessToken === "revoked";
    if (!told || dead.length > 0) return [reported, ...dead].join("; ");
    if (passage.needsPerson) {
      await refuses("afterwards", passage.open("logout", { nobody: true }), NOBODY);
    }
  },

  async "refused"(passage) {
    const { credentials } = passage.grant;
    const wrong = "wrong-0123456789-wrong";
    if (credentials["client_secret"] !== undefined && !passage.needsPerson) {
      const options = { credentials: { ...credentials, client_secret: wrong } };
      await refuses("a wrong secret", passage.open("wrong-1", { options }), "client_refused");
    }
    if (credentials["password"] !== undefined) {
      const options = { credentials: { ...credentials, password: wrong } };
      await refuses("a wrong password", passage.open("wrong-2", { options }), "login_refused");
    }
    if (passage.needsPerson) {
      const open = passage.open("wrong-3", { decision: "deny" });
      await refuses("a person who declines", open, "login_refused");
    } else {
      const options = { scope: "nonsense-of-ours" };
      await refuses("an unknown scope", passage.open("wrong-4", { options }), "grant_refused");
    }
  },
};

/** Runs every step for every grant of a server. */
export async function passThrough(
  name: string,
  server: IndependentServer,
  folder: string,
): Promise<Row[]> {
  const asked = inTurn(server);
  await using api = startApi(asked);
  await server.setLifetime(LONG);
  const passages = server.grants.map((grant, index) =>
    new Passage(asked, api, `${folder}/session-${index}`, grant)
  );
  for (const step of STEPS) {
    if (step === "expiry") await server.setLifetime(SHORT);
    if (step === "dead refresh") {
      await server.setLifetime(LONG);
      await server.endRefreshTokens();
    }
    await Promise.all(passages.map((passage) => passage.run(step, TABLE[step])));
  }
  return passages.map(({ grant, outcomes, rotates }) => ({
    server: name,
    grant: grant.name,
    outcomes,
    rotates,
  }));
}

/** The meaning of one outcome for the test. */
export type Verdict = "ok" | "limit" | "waits" | "failed" | "not reached" | "stale";

/** The matrix as a Markdown table, one row per grant. */
export function matrix(
  rows: readonly Row[],
  verdictOf: (row: Row, step: StepName) => Verdict,
): string {
  const cells = [
    ["server", "grant", ...STEPS, "rotates"],
    ["---", "---", ...STEPS.map(() => "---"), "---"],
    ...rows.map((row) => [
      row.server,
      row.grant,
      ...STEPS.map((step) => verdictOf(row, step)),
      row.rotates === undefined ? "no refresh token" : row.rotates ? "yes" : "no",
    ]),
  ];
  const widths = cells[0]!.map((_, column) =>
    Math.max(...cells.map((line) => line[column]!.length))
  );
  return cells.map((line) =>
    `| ${
      line.map((cell, column) => cell.padEnd(widths[column]!, cell === "---" ? "-" : " ")).join(
        " | ",
      )
    } |`
  ).join("\n");
}

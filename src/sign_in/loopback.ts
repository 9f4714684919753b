import { alarm } from "../base/wait.ts";
import { isLoopback } from "../trust.ts";
import { abortReason, AuthError } from "../errors.ts";
import { beginAuthorization, exchangeCode } from "../grants/authorization_code.ts";
import type { AuthorizationRequest } from "../grants/grant.ts";
import type { CardState } from "../person/person.ts";
import type { SignedIn } from "../renewal/renewal.ts";
import type { LoopbackServer, Runtime } from "../runtime/runtime.ts";
import { answerPage, forwardTo } from "./answer_page.ts";
import type { SignInContext } from "./sign_in_context.ts";

/** How long a person has to sign in, in milliseconds. */
const PATIENCE = 300_000;

/**
 * Sends the person to the authorization server and waits for the redirect on loopback (RFC 8252
 * section 7.3, PKCE by RFC 7636).
 */
export async function signInByLoopback(parts: SignInContext): Promise<SignedIn> {
  const { grants, person } = parts;
  const { title, redirectUri = "http://127.0.0.1/callback" } = grants.system.provider;
  const waiting = new Waiting(redirectOf(redirectUri));
  const servers = await listen(parts.runtime, waiting);
  try {
    const request = await beginAuthorization(grants, waiting.redirect.text);
    waiting.request = request;
    const card: CardState = {
      kind: "link",
      title: `Sign in to ${title}`,
      url: request.url,
      redirect: waiting.redirect.text,
      note: "This cell continues automatically once you sign in.",
      until: grants.now() + PATIENCE,
    };
    waiting.onHint = (note) => void person.show({ ...card, note }).catch(() => {});
    await person.show(card);
    // Other users of this machine can read a program's arguments, so they see an address that works once
    // and reveals nothing.
    await person.open(waiting.entrance);
    const url = await person.interruptible((signal) =>
      waitFor(
        waiting.answer.promise,
        AbortSignal.any([signal, ...(grants.signal ? [grants.signal] : [])]),
      )
    );
    const response = await exchangeCode(grants, {
      grant: "authorization_code",
      answer: { kind: "redirect", url },
      request,
    });
    return { response };
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

/** A redirect URI, character for character, and where to listen for it. */
interface Redirect {
  /** What both requests send (RFC 6749 section 4.1.3). */
  text: string;
  /** The `Host` header that a browser sends. */
  host: string;
  hostname: string;
  /** The port to listen on; 0 for any free one. */
  port: number;
  path: string;
}

const REDIRECT = /^(http:\/\/(?:\[[^\]/?#]*\]|[^:/?#]+))(?::(\d+))?(.*)$/is;

function redirectOf(text: string): Redirect {
  const [, start, port, rest] = REDIRECT.exec(text.trim()) ?? [];
  const url = start !== undefined && URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  if (url === undefined || !isLoopback(url.hostname)) {
    throw new AuthError(
      "unsupported",
      'A redirect to this machine needs a loopback "redirectUri" such as http://127.0.0.1/callback.',
    );
  }
  return {
    text: `${start}${port === undefined ? ":0" : `:${port}`}${rest}`,
    host: url.host,
    hostname: url.hostname,
    port: Number(port ?? 0),
    path: url.pathname,
  };
}

/** The same redirect, with the port that is in use. */
function withPort(redirect: Redirect, port: number): Redirect {
  // A port that was given stays as it was written.
  if (redirect.port !== 0) return redirect;
  const text = redirect.text.replace(REDIRECT, (_, start, __, rest) => `${start}:${port}${rest}`);
  return { ...redirect, text, port, host: new URL(text).host };
}

async function listen(runtime: Runtime, waiting: Waiting): Promise<LoopbackServer[]> {
  const servers: LoopbackServer[] = [];
  let { port } = waiting.redirect;
  for (const host of hostsOf(waiting.redirect)) {
    try {
      const server = await runtime.serveLoopback(
        host,
        port,
        (incoming, connection) =>
          isOtherUsers(runtime, connection) ? waiting.refuse() : waiting.judge(incoming),
      );
      servers.push(server);
      port = server.port;
    } catch (error) {
      // Without IPv6, "localhost" has no second address.
      if (servers.length > 0 && isNoAddress(error)) continue;
      await Promise.all(servers.map((server) => server.close()));
      throw cannotListen(runtime, error, host, port);
    }
  }
  waiting.redirect = withPort(waiting.redirect, port);
  return servers;
}

function cannotListen(runtime: Runtime, error: unknown, host: string, port: number): AuthError {
  if (runtime.errorKind(error) === "capability") {
    return new AuthError(
      "permission_denied",
      `Deno may not listen on loopback for the redirect. Run with --allow-net=${host}, or use the ` +
        'option method: "paste".',
    );
  }
  // "unsupported" makes the sign-in try the next way.
  return new AuthError(
    "unsupported",
    `Cannot listen on ${host}${port ? `, port ${port}` : ""}: the port may be in use. Free it, ` +
      'or use the option method: "paste".',
    { cause: error },
  );
}

/** "localhost" may resolve to either address, so listen on both. */
function hostsOf({ hostname }: Redirect): ("127.0.0.1" | "::1")[] {
  if (hostname === "[::1]") return ["::1"];
  return hostname === "localhost" ? ["127.0.0.1", "::1"] : ["127.0.0.1"];
}

function isNoAddress(error: unknown): boolean {
  const { name, code } = error as { name?: unknown; code?: unknown };
  return name === "AddrNotAvailable" || code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT";
}

/** One sign-in that waits for its redirect. */
class Waiting {
  redirect: Redirect;
  readonly answer: PromiseWithResolvers<URL> = Promise.withResolvers<URL>();
  /** The authorization request, once it is made. */
  request: AuthorizationRequest | undefined;
  /** Receives hints for a person whose sign-in may have gone wrong. */
  onHint: (note: string) => void = () => {};
  /** A path that redirects to the authorization server, once. */
  readonly #entrance = `/${randomPath()}`;
  #entered = false;
  /** The query of the first response. */
  #taken: string | undefined;
  #hinted = false;

  constructor(redirect: Redirect) {
    this.redirect = redirect;
  }

  /** The address to open in a browser on this machine. */
  get entrance(): string {
    return `http://${this.redirect.host}${this.#entrance}`;
  }

  /** The response to another user of this machine. */
  refuse(): Response {
    this.onHint("Another user of this machine tried to open your sign-in page, and was refused.");
    return answerPage(403, "Not your sign-in", "Another user of this machine is signing in here.");
  }

  /** Handles one request to the loopback port. Only the response to this sign-in ends the wait. */
  judge(incoming: Request): Response {
    const { redirect, request } = this;
    const url = new URL(incoming.url);
    // Another site's page can make a browser send requests here, but then Host holds its own name.
    if (incoming.headers.get("host")?.toLowerCase() !== redirect.host) {
      return answerPage(
        421,
        "Page not found",
        "This address only works for the sign-in that opened it.",
      );
    }
    if (incoming.method === "GET" && url.pathname === this.#entrance && request) {
      if (this.#entered) {
        this.onHint(
          "The sign-in page was opened twice. If you opened it once, another user of this machine may have: " +
            "cancel, and run it again.",
        );
        return answerPage(410, "This link is out of date", "Use the link in your notebook.");
      }
      this.#entered = true;
      return forwardTo(request.url);
    }
    if (incoming.method !== "GET" || url.pathname !== redirect.path) {
      return answerPage(404, "Page not found", "Go back to your notebook.");
    }
    const parameters = url.searchParams;
    // Only the first response counts. If the browser sends it twice, it gets the same page twice.
    const isFirst = this.#taken === undefined || this.#taken === url.search;
    if (request === undefined || !isAnswer(parameters, request) || !isFirst) {
      this.#hint(parameters);
      return answerPage(
        400,
        "This link is out of date",
        "Go back to your notebook and use its newest link.",
      );
    }
    this.#taken = url.search;
    // Use the redirect URI as requested, and only the response's parameters.
    const complete = new URL(redirect.text);
    complete.search = url.search;
    this.answer.resolve(complete);
    return parameters.has("error")
      ? answerPage(200, "Not signed in", "The sign-in was declined. Close this tab and go back.")
      : answerPage(200, "You're signed in", "Go back to your notebook. You can close this tab.");
  }

  /** Some servers omit `state` when they refuse. Anybody could send that, so it does not end the wait. */
  #hint(parameters: URLSearchParams): void {
    const error = parameters.get("error")?.toLowerCase() ?? "";
    if (this.#hinted || parameters.has("state") || !/^[a-z_]{3,40}$/.test(error)) return;
    this.#hinted = true;
    this.onHint(
      `The sign-in page may have refused (${error}). If your browser says so, check the client ID and the ` +
        "redirect URI, then open the link again. This cell is still waiting.",
    );
  }
}

/**
 * Whether another user of this machine opened a connection. Only Linux shows this: it lists both ends, each
 * with its user. Root is allowed: it can read everything anyway, and forwards the ports of containers.
 */
function isOtherUsers(
  { platform, files }: Runtime,
  { from, to }: { from: number; to: number },
): boolean {
  if (platform !== "linux") return false;
  // Synchronous: Deno may lose a response that is sent later, if the server then closes.
  const ends = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) => [
    ...(files.readTextIfAllowed(path) ?? "").matchAll(CONNECTION),
  ]);
  const between = (local: number, remote: number) =>
    ends.filter(([, one = "", other = ""]) =>
      parseInt(one, 16) === local && parseInt(other, 16) === remote
    );

  const [ours] = between(to, from);
  if (ours === undefined || ours[4] === "0") return false;
  // Users outside a container share one number. A connection that was closed has no file, and would only
  // use up the one-time address.
  return between(from, to).some(([, , , user = "", file]) =>
    file === "0" || ![ours[3], "0", "65534"].includes(user)
  );
}

/** A connection within this machine in those lists: its two ports, its user and its file. */
const CONNECTION = new RegExp(
  String.raw`^ *\d+: ADDRESS:([0-9A-F]{4}) ADDRESS:([0-9A-F]{4}) \S+ \S+ \S+ \S+ +(\d+) +\d+ (\d+) `
    .replaceAll("ADDRESS", "(?:(?:0{16}FFFF0000)?[0-9A-F]{6}7F|0{24}01000000)"),
  "gim",
);

/** Accepts only the response to this request (RFC 6749 section 4.1.2, RFC 9207). */
function isAnswer(parameters: URLSearchParams, request: AuthorizationRequest): boolean {
  const issuer = parameters.get("iss");
  return parameters.getAll("state").length === 1 && parameters.get("state") === request.state &&
    (issuer === null || request.issuer === undefined || issuer === request.issuer) &&
    (parameters.has("code") || parameters.has("error"));
}

function randomPath(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}

/** Waits for the response as long as a person may take. */
async function waitFor(answer: Promise<URL>, signal: AbortSignal): Promise<URL> {
  const end = Promise.withResolvers<never>();
  const patience = alarm(
    PATIENCE,
    () =>
      new AuthError(
        "login_timeout",
        "Sign-in timed out after 5 minutes. Run it again for a new link.",
      ),
  );
  const either = AbortSignal.any([signal, patience.signal]);
  const onAbort = () => end.reject(abortReason(either));
  either.addEventListener("abort", onAbort, { once: true });
  if (either.aborted) onAbort();
  try {
    return await Promise.race([answer, end.promise]);
  } finally {
    patience.stop();
    either.removeEventListener("abort", onAbort);
  }
}

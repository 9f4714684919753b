import { abortReason, AuthError } from "../errors.ts";
import type { AuthorizationRequest } from "../grants/grant.ts";
import type { LoopbackServer } from "../runtime/runtime.ts";
import type { SignedIn } from "../renewal/renewal.ts";
import { isLoopback } from "../base/url.ts";
import { answerPage } from "./answer_page.ts";
import type { SignInParts } from "./sign_in.ts";

/** How long a person may take, in milliseconds. */
const PATIENCE = 300_000;

/**
 * Sends the person to the authorization server and waits for the redirect on loopback (RFC 8252
 * section 7.3, PKCE by RFC 7636).
 */
export async function signInByLoopback(parts: SignInParts): Promise<SignedIn> {
  const { grantParts, person } = parts;
  const { system } = grantParts;
  const redirect = redirectOf(parts);
  const { beginAuthorization } = await import("../grants/authorization_code.ts");
  const waiting: Waiting = { redirect, answer: Promise.withResolvers<URL>() };
  const servers: LoopbackServer[] = [];
  try {
    let port = Number(redirect.port);
    for (const host of hostsOf(redirect)) {
      try {
        const listen = (incoming: Request) => judge(incoming, waiting);
        const server = await parts.runtime.serveLoopback(host, port, listen);
        servers.push(server);
        port = server.port;
      } catch (error) {
        // A machine without IPv6 has no second address for "localhost".
        if (servers.length === 0 || !isNoAddress(error)) {
          throw cannotListen(parts, error, host, port);
        }
      }
    }
    redirect.port = String(port);
    const request = await beginAuthorization(grantParts, redirect.href);
    waiting.request = request;
    await person.show({
      kind: "link",
      title: `Sign in to ${system.provider.title}`,
      url: request.url,
      note: "Once you have signed in there, this goes on by itself.",
      until: grantParts.now() + PATIENCE,
    });
    await person.open(request.url);
    const url = await person.interruptible((signal) =>
      waitFor(
        waiting.answer.promise,
        AbortSignal.any([signal, ...(grantParts.signal ? [grantParts.signal] : [])]),
      )
    );
    const { exchangeCode } = await import("../grants/authorization_code.ts");
    const response = await exchangeCode(grantParts, {
      grant: "authorization_code",
      answer: { kind: "redirect", url },
      request,
    });
    return { response };
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

function redirectOf({ grantParts }: SignInParts): URL {
  const redirect = new URL(grantParts.system.provider.redirectUri ?? "http://127.0.0.1/callback");
  if (redirect.protocol === "http:" && isLoopback(redirect.hostname)) return redirect;
  throw new AuthError(
    "unsupported",
    'A redirect to this machine needs a loopback "redirectUri" such as http://127.0.0.1/callback.',
  );
}

function cannotListen(
  { runtime }: SignInParts,
  error: unknown,
  host: string,
  port: number,
): AuthError {
  if (runtime.errorKind(error) === "capability") {
    return new AuthError(
      "permission_denied",
      `Deno may not listen on loopback for the redirect. Run with --allow-net=${host}, or use the ` +
        'option method: "paste".',
    );
  }
  // "unsupported" lets the next way to sign in have its turn.
  return new AuthError(
    "unsupported",
    `Cannot listen on ${host}${
      port ? `, port ${port}` : ""
    }: it may be in use. Close what uses it, ` +
      'or use the option method: "paste".',
    { cause: error },
  );
}

/** "localhost" may mean either address, so both are listened on. */
function hostsOf(redirect: URL): ("127.0.0.1" | "::1")[] {
  if (redirect.hostname === "[::1]") return ["::1"];
  return redirect.hostname === "localhost" ? ["127.0.0.1", "::1"] : ["127.0.0.1"];
}

function isNoAddress(error: unknown): boolean {
  const { name, code } = error as { name?: unknown; code?: unknown };
  return name === "AddrNotAvailable" || code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT";
}

/** One sign-in that waits for its redirect. */
interface Waiting {
  redirect: URL;
  answer: PromiseWithResolvers<URL>;
  /** What was asked, as soon as it was. */
  request?: AuthorizationRequest;
  /** The query of the answer that came first. */
  taken?: string;
}

/** Judges one request to the loopback port: only the answer to this sign-in ends the wait. */
function judge(incoming: Request, waiting: Waiting): Response {
  const { redirect, request, answer } = waiting;
  const url = new URL(incoming.url);
  // A page elsewhere can make a browser send requests here; its own name stands in Host.
  if (incoming.headers.get("host") !== redirect.host) {
    return answerPage(421, "Not here", "This address is for the sign-in that opened it.");
  }
  if (incoming.method !== "GET" || url.pathname !== redirect.pathname) {
    return answerPage(404, "Nothing here", "Only the answer to a sign-in is expected here.");
  }
  const parameters = url.searchParams;
  const issuer = parameters.get("iss");
  const isAnswer = request !== undefined && parameters.getAll("state").length === 1 &&
    parameters.get("state") === request.state &&
    (issuer === null || request.issuer === undefined || issuer === request.issuer) &&
    (parameters.has("code") || parameters.has("error"));
  // The first answer counts. A browser may ask for it twice, and is then told the same.
  if (!isAnswer || (waiting.taken !== undefined && waiting.taken !== url.search)) {
    return answerPage(
      400,
      "Not this one",
      "This is not the answer to the sign-in that is waiting. Use its newest link.",
    );
  }
  // The redirect URI as it was asked for; only the answer's parameters are taken over.
  const complete = new URL(redirect);
  complete.search = url.search;
  waiting.taken = url.search;
  answer.resolve(complete);
  return parameters.has("error")
    ? answerPage(200, "Not signed in", "The sign-in was declined. Close this tab and go back.")
    : answerPage(
      200,
      "You can close this tab",
      "The answer has arrived. The sign-in goes on where you began it.",
    );
}

/** Waits for the answer, for as long as a person may take. */
async function waitFor(answer: Promise<URL>, signal: AbortSignal): Promise<URL> {
  const end = Promise.withResolvers<never>();
  const onAbort = () => end.reject(abortReason(signal));
  const timer = setTimeout(() =>
    end.reject(
      new AuthError("timeout", "Nobody signed in within 5 minutes. Run it again for a new link."),
    ), PATIENCE);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([answer, end.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

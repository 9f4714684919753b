import { parseObject } from "../base/text.ts";
import { AuthError } from "../errors.ts";
import { fetchFailure } from "../http/failure.ts";
import { type OpenFetch, readCapped } from "../http/token_fetch.ts";
import type { Provider } from "../providers/provider.ts";
import type { EndpointFacts } from "./facts.ts";

/** One server to check. */
export interface ReachTarget {
  what: EndpointFacts["what"];
  url: string;
  /** The system's name in messages, such as "SpatiaFi". */
  title: string;
  openFetch: OpenFetch;
  /** The definition to compare an issuer's metadata with. */
  provider?: Pick<Provider, "grant" | "clientAuthentication" | "endpoints">;
}

/** The settings of a check. */
export interface ReachOptions {
  /** How long the server has to respond, in milliseconds. */
  timeout: number;
  signal: AbortSignal | undefined;
  now: () => number;
}

/** The result of a check. */
export interface Reached {
  facts: EndpointFacts;
  /** How many milliseconds the server's clock is ahead, if it sent its time. */
  offset?: number;
}

/**
 * Checks whether a server responds. The request is a plain GET without credentials, and follows no
 * redirects. This function never throws.
 */
export async function reach(target: ReachTarget, options: ReachOptions): Promise<Reached> {
  const { what, title } = target;
  const known = { what, url: withoutQuery(target.url) };
  const began = performance.now();
  const milliseconds = () => Math.round(performance.now() - began);
  const controller = new AbortController();
  const stop = () => controller.abort();
  const timer = setTimeout(stop, options.timeout);
  options.signal?.addEventListener("abort", stop);
  if (options.signal?.aborted) stop();
  const sent = options.now();
  let once: ReturnType<OpenFetch> | undefined;
  try {
    once = target.openFetch();
    const response = await once.fetch(target.url, {
      redirect: "manual",
      signal: controller.signal,
      headers: { accept: "application/json, */*;q=0.5" },
    });
    const { status } = response;
    const offset = clockOffset(response.headers.get("date"), (sent + options.now()) / 2);
    const problem = await judge(target, response);
    return {
      facts: { ...known, answers: true, status, milliseconds: milliseconds(), ...problem },
      ...(offset === undefined ? {} : { offset }),
    };
  } catch (error) {
    const who = `${title}'s ${what} (${new URL(target.url).host})`;
    const failure = options.signal?.aborted
      ? new AuthError("aborted", `Cancelled before ${who} responded.`)
      : controller.signal.aborted
      ? new AuthError(
        "timeout",
        `${who} did not respond within ${options.timeout / 1000} s. Check the network; behind a ` +
          "company proxy set HTTPS_PROXY.",
      )
      : fetchFailure(error, who);
    const { code, message } = failure;
    return {
      facts: {
        ...known,
        answers: false,
        milliseconds: milliseconds(),
        problem: { code, message },
      },
    };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", stop);
    once?.close();
  }
}

/** What is wrong with a response, if anything. */
async function judge(
  { what, title, url, provider }: ReachTarget,
  response: Response,
): Promise<Pick<EndpointFacts, "problem" | "doubts">> {
  const { status } = response;
  const who = `${title}'s ${what} (${new URL(url).host})`;
  if (what === "issuer" && status === 200) {
    const text = await readCapped(response, who);
    return judgeMetadata(text, url, who, provider);
  }
  await response.body?.cancel();
  if (status === 407) {
    return problem(
      "network",
      "The proxy requires a username and password. Put them into HTTPS_PROXY: http://user:password@host:port.",
    );
  }
  if (status >= 500) {
    return problem("server_error", `${who} is having problems (HTTP ${status}). Try again later.`);
  }
  if (what === "issuer") {
    return problem(
      "bad_response",
      `${who} returned HTTP ${status} instead of its metadata. Check the issuer.`,
    );
  }
  return {};
}

/** Checks metadata, which must name the requested issuer (RFC 8414 section 3.3). */
function judgeMetadata(
  text: string,
  url: string,
  who: string,
  provider: ReachTarget["provider"],
): Pick<EndpointFacts, "problem" | "doubts"> {
  const metadata = parseObject(text) ?? {};
  const named = metadata["issuer"];
  if (typeof named !== "string") {
    return problem(
      "bad_response",
      `${who} returned something other than metadata, such as a network's own sign-in page. ` +
        "Open it in a browser, and check the issuer.",
    );
  }
  const asked = url.replace(/\/\.well-known\/[^/]*/, "");
  if (named === asked || named === `${asked}/`) {
    const doubts = provider ? doubtsOf(metadata, provider, who) : [];
    return doubts.length > 0 ? { doubts } : {};
  }
  return problem(
    "bad_response",
    `${who} calls itself ${withoutQuery(named)}. Use that as the issuer.`,
  );
}

function problem(
  code: "network" | "server_error" | "bad_response",
  message: string,
): Pick<EndpointFacts, "problem"> {
  return { problem: { code, message } };
}

/** `Date` has only whole seconds, so the middle of the second is compared. */
function clockOffset(date: string | null, now: number): number | undefined {
  const time = Date.parse(date ?? "");
  return Number.isNaN(time) ? undefined : time + 500 - now;
}

function withoutQuery(url: string): string {
  return URL.canParse(url) ? new URL(url).origin + new URL(url).pathname : "another issuer";
}

/** The grants by their names in metadata (RFC 8414, RFC 8628 section 4). */
const GRANT_NAMES: Readonly<Record<Provider["grant"], string>> = {
  client_credentials: "client_credentials",
  password: "password",
  authorization_code: "authorization_code",
  device_code: "urn:ietf:params:oauth:grant-type:device_code",
  token_exchange: "urn:ietf:params:oauth:grant-type:token-exchange",
  jwt_bearer: "urn:ietf:params:oauth:grant-type:jwt-bearer",
};

/**
 * Compares a server's metadata (RFC 8414) with a definition. Metadata is often incomplete, so a mismatch is
 * only a doubt, not a problem, and a missing member is ignored.
 *
 * @param who the server's name in messages
 */
export function doubtsOf(
  metadata: Readonly<Record<string, unknown>>,
  { grant, clientAuthentication, endpoints }: Pick<
    Provider,
    "grant" | "clientAuthentication" | "endpoints"
  >,
  who: string,
): string[] {
  const doubts: string[] = [];
  const lacks = (list: unknown, name: string): list is unknown[] =>
    Array.isArray(list) && list.length > 0 && !list.includes(name);
  const grants = metadata["grant_types_supported"];
  if (lacks(grants, GRANT_NAMES[grant])) {
    doubts.push(
      `${who} does not list the grant "${grant}" (it lists ${
        grants.join(", ")
      }). If the sign-in is ` +
        'refused, check "grant" and what the client may do.',
    );
  }
  const methods = metadata["token_endpoint_auth_methods_supported"];
  // There are two methods for Basic here. A server that accepts only Basic also works with post.
  // An external assertion is sent like our own, and metadata has the same name for both (RFC 7523).
  const wanted = clientAuthentication.replace(/_raw$/, "").replace(
    "federated_jwt",
    "private_key_jwt",
  );
  const isServed = wanted === "client_secret_post" && Array.isArray(methods) &&
    methods.includes("client_secret_basic");
  if (lacks(methods, wanted) && !isServed) {
    doubts.push(
      `${who} does not list the client authentication "${wanted}" (it lists ${
        methods.join(", ")
      }). ` +
        'If the client is refused, set "clientAuthentication" to one of these.',
    );
  }
  const needed = grant === "device_code"
    ? ["device_authorization_endpoint", endpoints.deviceAuthorization] as const
    : grant === "authorization_code"
    ? ["authorization_endpoint", endpoints.authorization] as const
    : ["token_endpoint", endpoints.token] as const;
  if (metadata[needed[0]] === undefined && needed[1] === undefined) {
    doubts.push(`${who} has no ${needed[0]}, which the grant "${grant}" needs.`);
  }
  return doubts;
}

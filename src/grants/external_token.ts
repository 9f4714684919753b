import { abortable, alarm } from "../base/wait.ts";
import { isObject, parseObject } from "../base/text.ts";
import { exported, placeOf } from "../credentials/choose_credentials.ts";
import { abortReason, AuthError } from "../errors.ts";
import { fetchFailure } from "../http/failure.ts";
import { type OpenFetch, readCapped } from "../http/token_fetch.ts";
import type { CredentialValues, ExternalToken } from "../providers/provider.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { readTokenFile } from "../store/read_document.ts";
import { claimsOf } from "../token/token.ts";
import { epochSeconds } from "../token/token_response.ts";
import { checkTransport, isClusterUrl } from "../trust.ts";

/**
 * Gets external tokens, which other programs or services issue: reads a file or variable, runs a program
 * or sends a request, every time. Nothing is saved, and openid-client is not loaded.
 *
 * @module
 */

/** What is needed to get an external token. */
export interface ExternalContext {
  readonly runtime: Runtime;
  readonly values: CredentialValues;
  readonly openFetch: OpenFetch;
  /** How long it may take, in milliseconds. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
  /** The clock, in epoch milliseconds. */
  readonly now: () => number;
}

/** A token that was read from its source. */
export interface ReadToken {
  readonly token: string;
  /** When it expires, in epoch seconds, if the source says so. */
  readonly expiresAt?: number | undefined;
}

/** The same with a signal that also aborts at the timeout. */
interface Asking extends ExternalContext {
  readonly signal: AbortSignal;
}

/**
 * Gets an external token.
 *
 * @param what the token's name in messages, such as `Weather's subject token`
 * @throws {AuthError} `credentials_missing` if the source is missing or empty, `login_required` if its
 * program fails, `bad_response` if the result is not a token, `permission_denied`, `timeout`, and network
 * errors
 */
export async function getExternalToken(
  source: ExternalToken,
  what: string,
  context: ExternalContext,
): Promise<ReadToken> {
  const { signal: given } = context;
  // The caller's function may prompt a person, so it gets a signal but no timeout.
  const isOwn = typeof source === "function";
  const late = isOwn ? undefined : alarm(context.timeout);
  const signals = [given, late?.signal].filter((signal) => signal !== undefined);
  const signal = AbortSignal.any(signals);
  const place = placeOf(source);
  try {
    // A function of the caller may ignore its signal.
    const text = await abortable(textFrom(source, what, { ...context, signal }), signal);
    const isFresh = !isOwn && "command" in source;
    const read = readTokenText(text, isFresh ? context.now() / 1000 : undefined);
    if (read !== undefined) return read;
    throw new AuthError(
      isOwn ? "invalid_argument" : "bad_response",
      `${what}: ${place} did not return a token (ASCII text without spaces, or JSON ` +
        "that holds one).",
    );
  } catch (error) {
    if (given?.aborted) throw abortReason(given);
    if (!late?.signal.aborted) throw error;
    throw new AuthError(
      "timeout",
      `${what}: ${place} returned nothing within ${
        context.timeout / 1000
      } s. Try again, or give a ` +
        "longer timeout (milliseconds).",
    );
  } finally {
    late?.stop();
  }
}

/**
 * Checks an external token without requesting it. Reads credential values, files and variables. For GitHub
 * Actions and JupyterHub, only checks that their variables are set. Calls no function and runs no program.
 *
 * @returns when it expires, in epoch seconds; `undefined` if that is unknown, and `null` if the token was
 * not read
 * @throws {AuthError} the same errors as `getExternalToken`; `login_required` if the token has expired
 */
export async function lookAtExternal(
  source: ExternalToken,
  what: string,
  context: ExternalContext,
): Promise<number | undefined | null> {
  if (typeof source === "function" || "command" in source) return null;
  if ("githubActions" in source || "jupyterhub" in source) {
    void ("githubActions" in source ? githubRequest : hubRequest)(context.runtime, what);
    return null;
  }
  const { token, expiresAt } = await getExternalToken(source, what, context);
  const ends = [expiresAt, claimsOf(token)?.["exp"]].map(Number).filter(Number.isFinite);
  if (ends.length === 0) return undefined;
  const end = Math.min(...ends);
  if (end * 1000 > context.now()) return end;
  throw new AuthError(
    "login_required",
    `${what}, from ${placeOf(source)}, has expired. Renew it at its source.`,
  );
}

async function textFrom(source: ExternalToken, what: string, asking: Asking): Promise<string> {
  const { runtime, values, signal } = asking;
  if (typeof source === "function") {
    const text: unknown = await source({ signal });
    return typeof text === "string" ? text : "";
  }
  if ("credential" in source) {
    const { credential: name } = source;
    if (Object.hasOwn(values, name)) return values[name] ?? "";
    throw missing(what, `there is no credential value "${name}". Add it to the credentials.`);
  }
  if ("environment" in source) {
    const text = runtime.getEnvironment(source.environment);
    if (text?.trim()) return text;
    if (runtime.refusedVariables().includes(source.environment)) {
      throw new AuthError(
        "permission_denied",
        `${what}: Deno may not read it. Run with --allow-env=${source.environment}.`,
      );
    }
    throw missing(what, `the variable ${source.environment} is not set. Set it to the token.`);
  }
  if ("file" in source || "kubernetes" in source) {
    const path = "file" in source ? source.file : source.kubernetes;
    const text = await readTokenFile(runtime, path);
    if (text?.trim()) return text;
    const next = "file" in source
      ? "Run the program that writes it first."
      : "Mount a projected volume with a serviceAccountToken there, whose audience is the one the server wants.";
    const problem = text === null ? "there is no file" : "there is nothing in the file";
    throw missing(what, `${problem} "${path}". ${next}`);
  }
  if ("command" in source) return await outputOf(source.command, what, asking);
  return "githubActions" in source
    ? await githubToken(source.githubActions, what, asking)
    : await hubToken(source.jupyterhub, what, asking);
}

function missing(what: string, problem: string): AuthError {
  return new AuthError("credentials_missing", `${what}: ${problem}`);
}

async function outputOf(
  command: readonly string[],
  what: string,
  { runtime, signal }: Asking,
): Promise<string> {
  const failed = (problem: string) => new AuthError("login_required", `${what}: ${problem}`);
  const [program] = command;
  try {
    // The program does not need the variables that loadCredentials set.
    const { code, output } = await runtime.runProgram(command, {
      signal,
      without: [...exported.keys()],
    });
    if (code === 0) return output;
    const how = code === null ? "a signal" : `code ${code}`;
    throw failed(
      `the command "${program}" ended with ${how}. Run it in a terminal to see why; it may need ` +
        "its own sign-in.",
    );
  } catch (error) {
    if (AuthError.is(error) || signal.aborted) throw error;
    const kind = runtime.errorKind(error);
    if (kind === "capability") {
      const flag = runtime.missingFlag(error) ?? "--allow-run";
      const problem = `Deno may not run "${program}" here. Run with ${flag}.`;
      throw new AuthError("permission_denied", `${what}: ${problem}`, { cause: error });
    }
    throw failed(
      kind === "not_found"
        ? `command "${program}" not found. Install it, or add its folder to the PATH.`
        : `you do not have permission to run the command "${program}".`,
    );
  }
}

/** A request for a token. The authorization is only for this URL. */
interface TokenRequest {
  readonly url: URL;
  readonly authorization: string;
}

/**
 * The request to GitHub. A job with `id-token: write` has its URL and its token in two variables:
 * https://docs.github.com/actions/reference/security/oidc
 */
function githubRequest(runtime: Runtime, what: string): TokenRequest {
  const address = runtime.getEnvironment("ACTIONS_ID_TOKEN_REQUEST_URL");
  const token = runtime.getEnvironment("ACTIONS_ID_TOKEN_REQUEST_TOKEN");
  if (!address || !token) {
    throw missing(
      what,
      "this is not a GitHub Actions job that may request an identity token. Give the job " +
        '"permissions: id-token: write"; in Deno, also run with --allow-env=ACTIONS_ID_TOKEN_REQUEST_URL,' +
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN.",
    );
  }
  const url = checkTransport(address, "URL in ACTIONS_ID_TOKEN_REQUEST_URL");
  return { url, authorization: `Bearer ${token}` };
}

/** The request to the hub's API: https://jupyterhub.readthedocs.io/en/stable/reference/rest-api.html */
function hubRequest(runtime: Runtime, what: string): TokenRequest {
  const base = runtime.getEnvironment("JUPYTERHUB_API_URL");
  const token = runtime.getEnvironment("JUPYTERHUB_API_TOKEN");
  const user = runtime.getEnvironment("JUPYTERHUB_USER");
  if (!base || !token || !user) {
    throw missing(
      what,
      "this is not a JupyterHub server: JUPYTERHUB_API_URL, JUPYTERHUB_API_TOKEN and JUPYTERHUB_USER " +
        "are not set, or Deno may not read them (--allow-env).",
    );
  }
  // Use `/users/NAME`: the response of `/user` has no auth_state.
  const path = `${base.replace(/\/+$/, "")}/users/${encodeURIComponent(user)}`;
  const url = URL.canParse(path) ? new URL(path) : undefined;
  if (url !== undefined && isClusterUrl(url)) return { url, authorization: `token ${token}` };
  throw new AuthError(
    "insecure_url",
    `${what}: JUPYTERHUB_API_URL is neither https nor on this machine or cluster, so nothing was sent there.`,
  );
}

async function githubToken(audience: string, what: string, asking: Asking): Promise<string> {
  const { url, authorization } = githubRequest(asking.runtime, what);
  url.searchParams.set("audience", audience);
  const { value } = await ask(url, authorization, "GitHub Actions", what, asking);
  return typeof value === "string" ? value : "";
}

async function hubToken(member: string, what: string, asking: Asking): Promise<string> {
  const { url, authorization } = hubRequest(asking.runtime, what);
  const answer = await ask(url, authorization, "JupyterHub", what, asking);
  const state = answer["auth_state"];
  const value = isObject(state) ? state[member] : undefined;
  if (typeof value === "string" && value !== "") return value;
  throw missing(
    what,
    isObject(state)
      ? `JupyterHub has no "${member}" in its user's auth_state. Configure its authenticator to save one there.`
      : "JupyterHub does not share its user's auth_state. Ask its administrator to set " +
        "Authenticator.enable_auth_state and JUPYTERHUB_CRYPT_KEY, and to give the roles user and server " +
        'the scope "admin:auth_state!user". Then sign in to the hub again and restart your server.',
  );
}

/** Requests JSON once. The authorization comes from the runner or hub, and is sent only there. */
async function ask(
  url: URL,
  authorization: string,
  who: string,
  what: string,
  { openFetch, signal }: Asking,
): Promise<Record<string, unknown>> {
  const named = `${who} (${url.host})`;
  const once = openFetch();
  try {
    const response = await once.fetch(url.href, {
      headers: { authorization, accept: "application/json" },
      redirect: "manual",
      signal,
    });
    const text = await readCapped(response, named);
    const { status } = response;
    const answer = status === 200 ? parseObject(text) : undefined;
    if (answer !== undefined) return answer;
    throw new AuthError(
      status >= 500 ? "server_error" : status === 429 ? "rate_limited" : "bad_response",
      status === 200
        ? `${what}: the response from ${named} is not a JSON object.`
        : `${what}: ${named} returned no token (HTTP ${status}). ${
          status >= 500 || status === 429
            ? "Try again in a moment."
            : "Check the permissions of this job or server."
        }`,
      { status },
    );
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw fetchFailure(error, named);
  } finally {
    once.close();
  }
}

/** Members that hold a token, as az, gcloud, kubectl, `onecell token` and OAuth name them. */
const TOKENS = ["access_token", "accessToken", "token", "id_token"];
/** Members that hold the expiry time. az writes `expires_on` and `expiresOn`. */
const ENDS = [
  "expires_at",
  "expires_on",
  "expirationTimestamp",
  "token_expiry",
  "expiry",
  "expiration",
  "expiresAt",
];
/** Objects that hold these members: kubectl's `status`, gcloud's `credential`. */
const INSIDE = ["status", "credential"];

/**
 * Parses the text of a file, a variable or a program: only a token, or JSON with one. Pure.
 *
 * @param madeAt when the text was made, in epoch seconds, for `expires_in`; unknown for a file
 * @returns the token, or `undefined` if there is none
 */
export function readTokenText(text: string, madeAt?: number): ReadToken | undefined {
  const plain = text.replace(/^\ufeff/, "").trim();
  if (!plain.startsWith("{")) {
    // A program that prints JSON puts quotes around a string.
    const text = plain.replace(/^"([^"\\\\]*)"$/, "$1");
    return isToken(text) ? { token: text } : undefined;
  }
  const object = parseObject(plain);
  if (object === undefined) return undefined;
  for (const place of [object, ...INSIDE.map((name) => object[name])]) {
    if (!isObject(place)) continue;
    const token = TOKENS.map((name) => place[name]).find(isToken);
    if (token === undefined) continue;
    return { token, expiresAt: endOf(place, madeAt) };
  }
  return undefined;
}

/** True for a string that fits a header as one word. */
function isToken(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value) && value.length <= 65_536;
}

function endOf(place: Record<string, unknown>, madeAt: number | undefined): number | undefined {
  const seconds = Number(place["expires_in"]);
  if (madeAt !== undefined && place["expires_in"] !== undefined && Number.isFinite(seconds)) {
    return madeAt + seconds;
  }
  for (const name of ENDS) {
    const at = epochSeconds(place[name]);
    if (at !== undefined) return at;
  }
  // az writes this time in the machine's time zone.
  const local = place["expiresOn"];
  const time = typeof local === "string" ? Date.parse(local.replace(" ", "T")) / 1000 : NaN;
  return Number.isFinite(time) ? time : undefined;
}

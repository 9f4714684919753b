import * as openid from "./openid.ts";
import { AuthError } from "../errors.ts";
import { fetchFailure } from "../http/failure.ts";
import { createTokenFetch, type Resend, type TokenFetch } from "../http/token_fetch.ts";
import type { CredentialValues } from "../providers/provider.ts";
import { createDpopProver } from "../token/dpop.ts";
import { openClient, serverMetadata } from "./client.ts";
import { basicHint } from "./client_authentication.ts";
import type { GrantContext, TokenResponse } from "./grant.ts";
import { type Asked, judge, type Judged, type Refusal } from "./judge.ts";
import { refusalError } from "./refusal.ts";

/** The settings of one request to an authorization server. */
export interface ExchangeSettings {
  /** The grant, or another step such as `revocation`. */
  readonly grant: string;
  /** The failures after which the request is sent again. */
  readonly resend: Resend;
  /** The token endpoint, if the sign-in chose it. */
  readonly tokenEndpoint?: string | undefined;
}

/** One request: how openid-client sends it, how its response is judged, and what replaces the response. */
export interface Request<T> extends ExchangeSettings {
  /** Sends the request with openid-client. */
  send(config: openid.Configuration): Promise<unknown>;
  /** Judges the response. */
  judge(asked: Asked, status: number, headers: Headers, text: string): Judged<T>;
  /** A plain response for openid-client, which is too strict for what servers really send. */
  readonly standIn: { readonly status: number; readonly body?: Record<string, openid.JsonValue> };
}

/** How often a request is tried: as it is, with the server's time, and with the server's nonce. */
const BEGINNINGS = 3;

/**
 * Runs one request. openid-client authenticates and sends it. The response is judged before openid-client
 * sees it. Only plain values are returned, because openid-client's objects show secrets when inspected.
 */
export async function sendRequest<T>(
  context: GrantContext,
  make: (server: openid.ServerMetadata) => Request<T>,
  settings: ExchangeSettings,
): Promise<T> {
  const { clock, system } = context;
  const { title } = system.provider;
  const fetch = createTokenFetch(
    { ...context, onClockOffset: (milliseconds) => clock.offset = milliseconds },
    settings.resend,
    `${title}'s authorization server`,
  );
  try {
    const server = await serverMetadata(context, fetch, settings.tokenEndpoint);
    const request = make(server);
    let nonce: string | undefined;
    for (let beginning = 1;; beginning++) {
      const assumed = clock.offset;
      const outcome = await attempt(context, server, request, fetch, nonce);
      if (outcome.refusal === undefined) return outcome.value as T;
      const { refusal, headers } = outcome;
      const given = headers.get("dpop-nonce") ?? undefined;
      const nonceIsNew = refusal.error === "use_dpop_nonce" && given !== nonce;
      nonce = given ?? nonce;
      const again = nonceIsNew || isRefusedForTime(context, refusal, assumed);
      if (again && beginning < BEGINNINGS) continue;
      throw refusalError(refusal, {
        title,
        grant: settings.grant,
        client: { authentication: system.provider.clientAuthentication, hint: basicHint(context) },
        sent: fetch.sent,
        values: context.values,
        headers,
        now: context.now(),
      });
    }
  } finally {
    fetch.close();
  }
}

/** The result of one attempt, with the response's headers. */
type Outcome<T> = Judged<T> & { headers: Headers };

/** Sends the request once with openid-client, and judges the response. */
async function attempt<T>(
  context: GrantContext,
  server: openid.ServerMetadata,
  request: Request<T>,
  fetch: TokenFetch,
  nonce: string | undefined,
): Promise<Outcome<T>> {
  const { grant, tokenEndpoint, standIn } = request;
  let outcome: Outcome<T> | undefined;
  const respond = async (url: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers);
    if (context.dpopKey !== undefined) {
      const now = context.now() + context.clock.offset;
      const target = { method: "POST", url: new URL(url), now, nonce };
      headers.set("dpop", await (await createDpopProver(context.dpopKey))(target));
    }
    const answer = await fetch(url, { ...init, headers });
    const asked = { grant, dpop: context.dpopKey !== undefined };
    const judged = request.judge(asked, answer.status, answer.headers, await answer.text());
    outcome = { ...judged, headers: answer.headers };
    if (judged.refusal) throw new Error("refused");
    const { status, body } = standIn;
    return body ? Response.json(body, { status }) : new Response(null, { status });
  };
  const endpoint = grant === "revocation" ? "revocation" : "token";
  try {
    const config = await openClient(
      context,
      server,
      { endpoint, tokenEndpoint },
      (url, init) => respond(url, init as RequestInit),
    );
    await request.send(config);
  } catch (error) {
    if (outcome === undefined) throw unexpected(error, context.system.provider.title);
  }
  if (outcome !== undefined) return outcome;
  throw new AuthError("bad_response", "The server did not return a usable response. Try again.");
}

/** A clock difference that whole seconds in `Date` and a slow network could explain, in milliseconds. */
const CLOCK_TOLERANCE = 5_000;

/**
 * True if the server refused a signature that was made with a wrong clock: an assertion (RFC 7523) or a
 * DPoP proof that seems old. Other requests are not sent again, because they may have taken effect.
 */
function isRefusedForTime(
  { clock, system: { provider }, dpopKey }: GrantContext,
  { kind, error }: Refusal,
  assumed: number,
): boolean {
  const signs = /_jwt$/.test(provider.clientAuthentication) && kind === "client" ||
    provider.assertionClaims !== undefined && error === "invalid_grant";
  const proves = dpopKey !== undefined && error === "invalid_dpop_proof";
  return (signs || proves) && Math.abs(clock.offset - assumed) >= CLOCK_TOLERANCE;
}

/** Converts an error that was thrown before there was a response. */
function unexpected(error: unknown, title: string): AuthError {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at instanceof AuthError) return at;
  }
  if (error instanceof TypeError && (error as { code?: unknown }).code !== undefined) {
    return new AuthError(
      "invalid_argument",
      `Cannot send this request to ${title}: ${error.message}.`,
    );
  }
  if (error instanceof openid.ClientError) {
    // oauth4webapi's messages are fixed texts.
    const inner = error.cause instanceof Error ? error.cause.message : error.message;
    return new AuthError("unsupported", `Cannot send this request to ${title}: ${inner}.`);
  }
  return fetchFailure(error, `${title}'s authorization server`);
}

/** The `grant_type` to send, for grants with a different name in this module. */
const GRANT_TYPES: Readonly<Record<string, string>> = {
  device_code: "urn:ietf:params:oauth:grant-type:device_code",
  token_exchange: "urn:ietf:params:oauth:grant-type:token-exchange",
  jwt_bearer: "urn:ietf:params:oauth:grant-type:jwt-bearer",
};

/**
 * Runs one exchange with the token endpoint, and returns a plain token response.
 *
 * @param sign creates the signed parameters of each attempt, with the latest clock offset
 */
export function exchange(
  context: GrantContext,
  settings: ExchangeSettings,
  parameters: URLSearchParams,
  sign?: (server: openid.ServerMetadata) => Promise<Record<string, string>>,
): Promise<TokenResponse> {
  // A provider may have its own name for client credentials, as Zoom does.
  const grantType = parameters.get("grant_type") ?? GRANT_TYPES[settings.grant] ?? settings.grant;
  parameters.delete("grant_type");
  return sendRequest<TokenResponse>(context, (server) => ({
    ...settings,
    async send(config) {
      const signed = await sign?.(server);
      for (const [name, value] of Object.entries(signed ?? {})) parameters.set(name, value);
      return await openid.genericGrantRequest(config, grantType, parameters);
    },
    judge: (...answer) => {
      const { token, refusal } = judge(...answer);
      return token ? { value: token } : { refusal: refusal as Refusal };
    },
    standIn: { status: 200, body: { access_token: "received", token_type: "bearer" } },
  }), settings);
}

/** Parameters that go into both the authorization and the token request. */
export function commonParameters(
  { system }: GrantContext,
  scope: string | undefined,
): URLSearchParams {
  const { audience } = system.provider;
  const parameters = new URLSearchParams();
  if (scope !== undefined) parameters.set("scope", scope);
  if (audience !== undefined) parameters.set("audience", audience);
  for (const resource of resourcesOf(system.provider)) parameters.append("resource", resource);
  return parameters;
}

/** Lists the provider's resources (RFC 8707 section 2): none, one or several. */
export function resourcesOf(
  { resource }: { readonly resource?: string | readonly string[] },
): readonly string[] {
  return typeof resource === "string" ? [resource] : resource ?? [];
}

/**
 * Adds the provider's `tokenParameters`. `{name}` stands for a credential value. A refresh leaves out
 * parameters with such a value, because it may be a one-time code.
 */
export function withTokenParameters(
  { system, values }: GrantContext,
  grant: string,
  parameters: URLSearchParams,
): URLSearchParams {
  for (const [name, text] of Object.entries(system.provider.tokenParameters ?? {})) {
    const isNamed = name === "grant_type";
    if (parameters.has(name) || (isNamed && grant !== "client_credentials")) continue;
    if (grant === "refresh_token" && text.includes("{")) continue;
    const value = fillIn(text, values);
    if (value === undefined) {
      throw new AuthError(
        "credentials_missing",
        `${system.provider.title} needs the credential value that its token parameter "${name}" names.`,
      );
    }
    parameters.set(name, value);
  }
  return parameters;
}

function fillIn(text: string, values: CredentialValues): string | undefined {
  let isWhole = true;
  const filled = text.replace(/\{([a-z_]+)\}(\/?)/g, (_, name: string, slash: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    isWhole &&= value !== undefined;
    // The value may be a base URL that already ends with the slash that follows it here.
    return (slash === "" ? value ?? "" : (value ?? "").replace(/\/+$/, "")) + slash;
  });
  return isWhole ? filled : undefined;
}

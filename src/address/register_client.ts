import { parseObject, plain } from "../base/text.ts";
import { AuthError } from "../errors.ts";
import { createTokenFetch } from "../http/token_fetch.ts";
import type { ClientAuthentication, Grant } from "../providers/provider.ts";
import type { Asking } from "./resource_metadata.ts";

/**
 * Registers this program as a client of an authorization server (RFC 7591). It saves nothing.
 *
 * @module
 */

/** Where a redirect to this machine goes (RFC 8252 section 7.3); the server accepts any port. */
export const REDIRECT_URI = "http://127.0.0.1/callback";

const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code";

/** What to register. */
export interface Registration {
  /** The registration endpoint. */
  readonly endpoint: string;
  readonly grant: Grant;
  /** Whether to register the device code grant too. */
  readonly device: boolean;
  readonly authentication: ClientAuthentication;
  readonly scope: string | undefined;
}

/** What the server returned: the values to save, by the server's names. */
export interface Registered {
  readonly values: Readonly<Record<string, unknown>>;
  readonly authentication: ClientAuthentication;
}

/** What to keep of a response: the client, and what changes its registration later (RFC 7592). */
const KEPT = [
  "client_id",
  "client_secret",
  "client_secret_expires_at",
  "registration_access_token",
  "registration_client_uri",
];

/** How a client without web pages of its own describes itself. Pure. */
export function registrationRequest(
  { grant, device, authentication, scope }: Registration,
): Record<string, unknown> {
  const isCode = grant === "authorization_code";
  return {
    client_name: "onecell",
    application_type: "native",
    redirect_uris: isCode ? [REDIRECT_URI] : [],
    response_types: isCode ? ["code"] : [],
    grant_types: [
      ...(isCode ? ["authorization_code"] : []),
      ...(device || !isCode ? [DEVICE_CODE] : []),
      "refresh_token",
    ],
    token_endpoint_auth_method: authentication,
    ...(scope === undefined ? {} : { scope }),
  };
}

/**
 * Registers a client. If the server refuses the request, it is sent with less: first without scopes, then
 * without the device code.
 *
 * @throws {AuthError} `client_refused` if the server does not register it, and network errors
 */
export async function registerClient(
  registration: Registration,
  asking: Asking,
): Promise<Registered> {
  const { scope, device, grant } = registration;
  const without = { ...registration, scope: undefined };
  const tries = [
    ...(scope === undefined ? [] : [registration]),
    without,
    ...(device && grant === "authorization_code" ? [{ ...without, device: false }] : []),
  ];
  let refusal: unknown;
  for (const one of tries) {
    try {
      return await register(one, asking);
    } catch (error) {
      // Keycloak refuses scopes with a 403.
      const mayMend = error instanceof AuthError && (error.status === 400 || error.status === 403);
      if (!mayMend) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

async function register(registration: Registration, asking: Asking): Promise<Registered> {
  const { endpoint } = registration;
  const { host } = new URL(endpoint);
  // Each request creates a client, so send it once, unless the server says that it did nothing.
  const fetch = createTokenFetch(asking, "refused", "the registration endpoint");
  try {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: { accept: "application/json", "content-type": "application/json" },
      body: JSON.stringify(registrationRequest(registration)),
    });
    return judgeRegistration(host, response.status, await response.text(), registration);
  } finally {
    fetch.close();
  }
}

/**
 * Interprets the response to a registration. Pure.
 *
 * @throws {AuthError} `client_refused`, `server_error`, `rate_limited`, `bad_response`
 */
export function judgeRegistration(
  host: string,
  status: number,
  text: string,
  { authentication: asked }: Pick<Registration, "authentication">,
): Registered {
  const answer = parseObject(text);
  const id = answer?.["client_id"];
  if (status >= 200 && status < 300 && answer !== undefined) {
    const method = answer["token_endpoint_auth_method"] ?? asked;
    const authentication = AUTHENTICATIONS.find((one) => one === method);
    const needsSecret = authentication !== undefined && authentication !== "none";
    const isWhole = typeof id === "string" && id !== "" && authentication !== undefined &&
      (!needsSecret || typeof answer["client_secret"] === "string");
    if (!isWhole) {
      throw new AuthError(
        "bad_response",
        `${host} registered a client that cannot be used here. Register one there yourself, and enter its client ID.`,
        { status },
      );
    }
    const kept = KEPT.filter((name) => answer[name] !== undefined && answer[name] !== null)
      .filter((name) => needsSecret || !name.startsWith("client_secret"));
    return {
      values: Object.fromEntries(kept.map((name) => [name, answer[name]])),
      authentication,
    };
  }
  if (status === 429 || status >= 500) {
    throw new AuthError(
      status === 429 ? "rate_limited" : "server_error",
      `${host} is ${
        status === 429 ? "rate-limiting requests" : "having problems"
      } (HTTP ${status}), so no client was registered. Try again later.`,
      { status },
    );
  }
  const error = typeof answer?.["error"] === "string" && /^[\w.-]{1,60}$/.test(answer["error"])
    ? answer["error"]
    : undefined;
  const description = typeof answer?.["error_description"] === "string"
    ? `: ${plain(answer["error_description"]).slice(0, 200)}`
    : "";
  throw new AuthError(
    "client_refused",
    `${host} does not register this program (${error ?? `HTTP ${status}`}${description}).`,
    { status, ...(error === undefined ? {} : { error }) },
  );
}

const AUTHENTICATIONS = ["none", "client_secret_basic", "client_secret_post"] as const;

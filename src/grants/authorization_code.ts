import * as openid from "./openid.ts";
import { AuthError } from "../errors.ts";
import { createTokenFetch } from "../http/token_fetch.ts";
import { openClient, serverMetadata } from "./client.ts";
import {
  commonParameters,
  exchange,
  resourcesOf,
  sendRequest,
  withTokenParameters,
} from "./exchange.ts";
import type { AuthorizationRequest, GrantContext, GrantRequest, TokenResponse } from "./grant.ts";
import { checkIdToken } from "./id_token.ts";
import { judgePushed } from "./judge.ts";
import { refusalError } from "./refusal.ts";

/**
 * Starts the authorization code grant (RFC 6749 section 4.1) with PKCE (RFC 7636, S256 only). The
 * provider decides whether to push the request (RFC 9126); by default, the server does.
 *
 * @param redirectUri where the response arrives, exactly as it is registered
 */
export async function beginAuthorization(
  context: GrantContext,
  redirectUri: string,
): Promise<AuthorizationRequest> {
  const { provider } = context.system;
  const settings = { resend: "always", grant: "pushed" } as const;
  const fetch = createTokenFetch(context, "always", `${provider.title}'s authorization server`);
  try {
    const server = await serverMetadata(context, fetch, undefined);
    if (server.authorization_endpoint === undefined) {
      throw new AuthError(
        "unsupported",
        `${provider.title} has no authorization endpoint. Give "endpoints.authorization".`,
      );
    }
    const verifier = openid.randomPKCECodeVerifier();
    const state = openid.randomState();
    const isOpenId = context.scope?.split(" ").includes("openid") === true;
    const nonce = isOpenId ? openid.randomNonce() : undefined;
    const parameters = await parametersOf(context, { redirectUri, state, nonce, verifier });
    const config = await openClient(context, server, { endpoint: "token" }, notSent);
    const plain = openid.buildAuthorizationUrl(config, parameters);
    const isPushed = provider.pushedAuthorization ??
      server["require_pushed_authorization_requests"] === true;
    const pushed = isPushed
      ? await sendRequest<string>(context, () => ({
        ...settings,
        send: (config) => openid.buildAuthorizationUrlWithPAR(config, parameters),
        judge: (_asked, ...answer) => judgePushed(...answer),
        standIn: { status: 201, body: { request_uri: "urn:received", expires_in: 60 } },
      }), settings)
      : undefined;
    const url = pushed === undefined
      ? plain
      : openid.buildAuthorizationUrl(config, { request_uri: pushed });
    const isKnown = context.system.issuer !== undefined;
    return {
      url: url.href,
      redirectUri,
      state,
      issuer: isKnown ? server.issuer : undefined,
      issuerRequired: isKnown &&
        server["authorization_response_iss_parameter_supported"] === true,
      nonce,
      verifier,
    };
  } finally {
    fetch.close();
  }
}

/** Parameters that a provider cannot override. */
const OURS = ["response_type", "client_id", "redirect_uri", "state", "nonce"];

async function parametersOf(
  context: GrantContext,
  own: { redirectUri: string; state: string; nonce: string | undefined; verifier: string },
): Promise<URLSearchParams> {
  const { provider } = context.system;
  const scopes = context.scope?.split(" ") ?? [];
  const parameters = commonParameters(context, context.scope);
  // OpenID Connect Core section 11: without it, the server may not issue a refresh token.
  if (scopes.includes("offline_access")) parameters.set("prompt", "consent");
  for (const [name, value] of Object.entries(provider.authorizationParameters ?? {})) {
    // An empty value removes a default parameter.
    if (value === "") parameters.delete(name);
    else if (!OURS.includes(name) && !name.startsWith("code_challenge")) {
      parameters.set(name, value);
    }
  }
  parameters.set("response_type", "code");
  parameters.set("client_id", context.values["client_id"] ?? "");
  parameters.set("redirect_uri", own.redirectUri);
  parameters.set("state", own.state);
  if (own.nonce !== undefined) parameters.set("nonce", own.nonce);
  parameters.set("code_challenge", await openid.calculatePKCECodeChallenge(own.verifier));
  parameters.set("code_challenge_method", "S256");
  return parameters;
}

function notSent(): never {
  throw new Error("nothing is sent to build a URL");
}

/** Exchanges the code. A code works only once, so the request is sent only once. */
export async function exchangeCode(
  context: GrantContext,
  { answer, request }: Extract<GrantRequest, { grant: "authorization_code" }>,
): Promise<TokenResponse> {
  const code = answer.kind === "code"
    // The person who started the request pasted a bare code, so there is no state to compare.
    ? answer.code
    : codeOf(context, answer.url.searchParams, request);
  const parameters = new URLSearchParams({ code });
  for (const resource of resourcesOf(context.system.provider)) {
    parameters.append("resource", resource); // RFC 8707 section 2.2
  }
  if (request) {
    parameters.set("redirect_uri", request.redirectUri);
    parameters.set("code_verifier", request.verifier);
  }
  const token = await exchange(context, {
    resend: "refused",
    grant: "authorization_code",
    tokenEndpoint: answer.kind === "code" ? answer.tokenEndpoint : undefined,
  }, withTokenParameters(context, "authorization_code", parameters));
  checkIdToken(context, token, request);
  return token;
}

/** Checks that a redirect belongs to the request, and returns its code (RFC 6749 section 4.1.2, RFC 9207). */
function codeOf(
  context: GrantContext,
  answer: URLSearchParams,
  request: AuthorizationRequest | null,
): string {
  const states = answer.getAll("state");
  const issuer = answer.get("iss");
  const isOther = request !== null && (states.length !== 1 || states[0] !== request.state ||
    (request.issuer !== undefined &&
      (issuer === null ? request.issuerRequired === true : issuer !== request.issuer)));
  if (isOther) {
    throw new AuthError(
      "state_mismatch",
      "This response belongs to another sign-in. Run it again, and use the newest link.",
    );
  }
  const error = answer.get("error");
  const code = answer.get("code");
  if (error === null && code) return code;
  const { title, clientAuthentication } = context.system.provider;
  if (error === null) {
    throw new AuthError(
      "bad_response",
      `${title} sent neither a code nor an error. Run it again; if it happens again, check the redirect URI.`,
    );
  }
  const name = error.toLowerCase();
  const description = answer.get("error_description") ?? undefined;
  const isPassing = name === "temporarily_unavailable" || name === "server_error";
  throw refusalError({
    kind: isPassing
      ? "passing"
      : name === "access_denied"
      ? "login"
      : name === "unauthorized_client"
      ? "client"
      : "request",
    status: 302,
    error: name,
    ...(description === undefined ? {} : { description }),
  }, {
    title,
    grant: "authorization_code",
    client: { authentication: clientAuthentication },
    sent: [],
    values: context.values,
    headers: new Headers(),
    now: context.now(),
  });
}

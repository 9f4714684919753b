import { AuthError } from "../errors.ts";
import type { AuthorizationAnswer, AuthorizationRequest } from "../grants/grant.ts";
import { checkPastedUrl } from "../trust.ts";

/** What is needed to check a paste. */
export interface PasteContext {
  /** The request that the paste responds to, if this module started one. */
  request: Pick<AuthorizationRequest, "state" | "issuer" | "redirectUri"> | null;
  /** Hosts that a package may name as its token endpoint; it receives a secret. */
  endpointHosts: readonly string[];
}

/** Longer than any code; a longer paste is something else. */
const LONGEST = 16_384;

/**
 * Parses what a person pasted: a bare code, the whole redirect URL (or its query), or 4insight's package
 * `{"endpoint": …, "code": …}`. Errors never contain the pasted text.
 *
 * @throws {AuthError} `invalid_argument`, `insecure_url`, `foreign_origin`, `state_mismatch`, or
 * `login_refused` if the URL says that the sign-in failed
 */
export function parsePaste(pasted: string, context: PasteContext): AuthorizationAnswer {
  const text = pasted.trim().replace(/^(['"`])([^]*)\1$/, "$2").trim();
  if (text === "" || text.length > LONGEST) throw unusable();
  if (text.startsWith("{")) return parsePackage(text, context.endpointHosts);
  const joined = text.replace(/\s+/g, ""); // a long URL may have been wrapped
  if (/^https?:\/\//i.test(joined)) return parseAnswer(parseSearch(joined), context);
  const bare = /(^|[?&#])(code|error)=/.test(joined) ? null : bareCode(text, context);
  if (bare === null) {
    const query = joined.replace(/^[^?#]*[?#]/, "").replace(/^[?&#]+/, "");
    return parseAnswer(new URLSearchParams(query), context);
  }
  if (context.request === null && context.endpointHosts.length > 0) {
    throw new AuthError(
      "invalid_argument",
      'Paste the whole sign-in code from the page, from "{" to "}".',
    );
  }
  // RFC 6749 appendix A.11: a code is visible ASCII.
  if (!/^[\x21-\x7e]{4,}$/.test(bare)) throw unusable();
  return { kind: "code", code: bare };
}

/** A bare code, as an address bar shows it: percent-encoded, and followed by parameters. */
function bareCode(text: string, { request }: PasteContext): string {
  const [first = "", ...behind] = text.replace(/#_=_$/, "").split(/[&?](?=[\w.-]+=)/);
  const state = new URLSearchParams(behind.join("&")).get("state");
  if (request && state !== null && state !== request.state) throw otherSignIn();
  // Some pages join the code and the state.
  const code = request && first.endsWith(`#${request.state}`)
    ? first.slice(0, -request.state.length - 1)
    : first;
  if (!/%[0-9a-f]{2}/i.test(code)) return code;
  try {
    return decodeURIComponent(code);
  } catch {
    throw unusable();
  }
}

function parseSearch(text: string): URLSearchParams {
  if (!URL.canParse(text)) throw unusable();
  const url = new URL(text);
  return url.searchParams.size > 0 ? url.searchParams : new URLSearchParams(url.hash.slice(1));
}

function parseAnswer(query: URLSearchParams, { request }: PasteContext): AuthorizationAnswer {
  const code = query.get("code");
  if (request) {
    const wrongState = query.get("state") !== request.state;
    const issuer = query.get("iss");
    if (wrongState || (issuer !== null && request.issuer && issuer !== request.issuer)) {
      throw otherSignIn();
    }
  }
  if (code === null && query.has("error")) {
    throw new AuthError(
      "login_refused",
      "The sign-in was declined or failed. Open the link again to approve it.",
    );
  }
  if (!code) throw unusable();
  if (!request) return { kind: "code", code };
  // Use the redirect URI as requested, and only the response's parameters.
  const url = new URL(request.redirectUri);
  url.search = query.toString();
  return { kind: "redirect", url };
}

function parsePackage(text: string, hosts: readonly string[]): AuthorizationAnswer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AuthError(
      "invalid_argument",
      'The sign-in code is incomplete. Copy it again, from "{" to "}".',
    );
  }
  const { endpoint, code } = value as Record<string, unknown>;
  if (typeof endpoint !== "string" || typeof code !== "string" || code === "") {
    throw new AuthError(
      "invalid_argument",
      'The sign-in code has no "endpoint" and "code". Copy it again.',
    );
  }
  const url = checkPastedUrl(endpoint, hosts);
  return { kind: "code", code, tokenEndpoint: url.href };
}

function otherSignIn(): AuthError {
  return new AuthError(
    "state_mismatch",
    "This address is from another sign-in. Use the newest link, and paste the address it ends at.",
  );
}

function unusable(): AuthError {
  return new AuthError(
    "invalid_argument",
    "This is neither a code nor the address the sign-in ended at. Copy all of it and paste it again.",
  );
}

import { isObject, parseObject } from "../base/text.ts";
import { checkTransport } from "../trust.ts";
import { AuthError } from "../errors.ts";
import type { OpenFetch } from "../http/token_fetch.ts";
import { jsonText } from "./say.ts";

/** Which role to assume, and where. */
export interface AwsRequest {
  readonly role: string;
  readonly endpoint: string;
  readonly token: string;
  readonly openFetch: OpenFetch;
  readonly signal: AbortSignal;
}

/** AWS STS, for every region (`AssumeRoleWithWebIdentity`). */
export const STS = "https://sts.amazonaws.com/";

/**
 * Exchanges a token for a role's keys, and prints them as a `credential_process` for AWS does. The request
 * is not signed, because the token proves who sends it.
 *
 * @throws {AuthError} `grant_refused` with AWS's message, `bad_response`, `network`
 */
export async function awsCredentials(request: AwsRequest): Promise<string> {
  const { role, endpoint, token, signal } = request;
  const url = checkTransport(endpoint, "STS endpoint");
  const body = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: role,
    RoleSessionName: "onecell",
    WebIdentityToken: token,
  });
  const once = request.openFetch();
  let status: number;
  let text: string;
  try {
    const response = await once.fetch(url, {
      method: "POST",
      headers: { accept: "application/json" },
      body,
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(30_000)]),
    });
    status = response.status;
    text = await response.text();
  } catch (error) {
    if (signal.aborted) throw error;
    throw new AuthError("network", `AWS STS (${url.host}) did not respond. Check the network.`, {
      cause: error,
    });
  } finally {
    once.close();
  }
  return format(status, parseObject(text) ?? {}, url.host);
}

function format(status: number, answer: Record<string, unknown>, host: string): string {
  const result = member(
    member(answer, "AssumeRoleWithWebIdentityResponse"),
    "AssumeRoleWithWebIdentityResult",
  );
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = member(result, "Credentials");
  if (status !== 200) {
    const { Code } = member(answer, "Error");
    const code = typeof Code === "string" && /^\w{1,60}$/.test(Code) ? ` (${Code})` : "";
    throw new AuthError(
      "grant_refused",
      `AWS STS (${host}) refused the token${code}. Check that the role trusts the token's issuer and ` +
        "audience.",
      { status },
    );
  }
  const texts = [AccessKeyId, SecretAccessKey, SessionToken];
  if (!texts.every((value) => typeof value === "string") || !isMoment(Expiration)) {
    throw new AuthError("bad_response", `AWS STS (${host}) returned an unexpected response.`);
  }
  // STS writes JSON times as epoch seconds.
  const expires = new Date(typeof Expiration === "number" ? Expiration * 1000 : Expiration);
  const keys = { Version: 1, AccessKeyId, SecretAccessKey, SessionToken, Expiration: expires };
  return jsonText(keys);
}

function isMoment(value: unknown): value is number | string {
  if (typeof value === "number") return Math.abs(value) < 8.64e12;
  return typeof value === "string" && !Number.isNaN(Date.parse(value));
}

function member(value: Record<string, unknown>, name: string): Record<string, unknown> {
  const found = value[name];
  return isObject(found) ? found : {};
}

import * as openid from "./openid.ts";
import { isLoopback, isNear } from "../trust.ts";
import { AuthError } from "../errors.ts";
import { pause } from "../base/wait.ts";
import { commonParameters, exchange, sendRequest, withTokenParameters } from "./exchange.ts";
import type { GrantContext, TokenResponse } from "./grant.ts";
import { checkIdToken } from "./id_token.ts";
import { type DeviceAnswer, judgeDevice } from "./judge.ts";

/** A device authorization response (RFC 8628 section 3.2), to show to a person. */
export interface DeviceRequest {
  /** The page where the person enters the code. */
  url: string;
  /** The same page with the code filled in, if the server sends it. */
  completeUrl: string | undefined;
  code: string;
  /** When the code expires, in epoch milliseconds. */
  until: number;
  /** Polls until the person approves or declines (RFC 8628 section 3.4). Obeys `slow_down`. */
  poll(signal: AbortSignal): Promise<TokenResponse>;
}

/** Starts the device authorization grant (RFC 8628). */
export async function beginDevice(context: GrantContext): Promise<DeviceRequest> {
  const settings = { resend: "always", grant: "device" } as const;
  const { title } = context.system.provider;
  let endpoint = "";
  const answer = await sendRequest<DeviceAnswer>(context, (server) => {
    endpoint = server.device_authorization_endpoint ?? "";
    if (endpoint === "") {
      throw new AuthError(
        "unsupported",
        `${title} has no device authorization endpoint. Give "endpoints.deviceAuthorization", or ` +
          "another method.",
      );
    }
    return {
      ...settings,
      send: (config) =>
        openid.initiateDeviceAuthorization(config, commonParameters(context, context.scope)),
      judge: (_asked, ...answer) => judgeDevice(...answer),
      standIn: {
        status: 200,
        body: { device_code: "d", user_code: "u", verification_uri: "v", expires_in: 60 },
      },
    };
  }, settings);
  const started = context.now();
  const url = linkOf(answer.url, endpoint);
  if (url === undefined || !isCode(answer.userCode)) {
    throw new AuthError(
      "bad_response",
      `${title} sent a sign-in link or code that is not safe to show (only https links and plain codes are). ` +
        "Use another sign-in method.",
    );
  }
  const complete = answer.completeUrl && linkOf(answer.completeUrl, endpoint);
  return {
    url: url.href,
    // The link must lead to the host that its label shows.
    completeUrl: complete && complete.origin === url.origin ? complete.href : undefined,
    code: answer.userCode,
    until: started + answer.lifetime * 1000,
    poll: (signal) => poll({ ...context, signal }, answer, started + answer.lifetime * 1000),
  };
}

/**
 * True for a code that a card may show: not long, without control characters, and without what would make
 * a link or a tag of it.
 */
function isCode(text: string): boolean {
  return /^[\x21-\x7e]([\x20-\x7e]{0,62}[\x21-\x7e])?$/.test(text) &&
    !/[/\\:@<>]|www\./i.test(text);
}

/** The longest link that every browser opens. */
const LONGEST_LINK = 2000;

/** Returns a link that is safe to open: https, or this machine if the server is on this machine too. */
function linkOf(text: string, endpoint: string): URL | undefined {
  if (text.length > LONGEST_LINK || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") return undefined;
  if (isNear(url.hostname) && !isNear(new URL(endpoint).hostname)) return undefined;
  const isLocal = isLoopback(url.hostname) && isLoopback(new URL(endpoint).hostname);
  return url.protocol === "https:" || (url.protocol === "http:" && isLocal) ? url : undefined;
}

/** The longest interval between polls after failures, in seconds. */
const LONGEST_INTERVAL = 60;

/** Polls until the code expires, and continues after temporary failures. */
async function poll(
  context: GrantContext & { signal: AbortSignal },
  { deviceCode, interval: first }: DeviceAnswer,
  until: number,
): Promise<TokenResponse> {
  const wait = context.wait ?? pause;
  let interval = first;
  let trouble: AuthError | undefined;
  for (;;) {
    await wait(Math.min(interval * 1000, until - context.now()), context.signal);
    if (context.now() >= until) throw trouble ?? ended();
    const parameters = withTokenParameters(
      context,
      "device_code",
      new URLSearchParams({ device_code: deviceCode }),
    );
    try {
      const token = await exchange(context, { resend: "never", grant: "device_code" }, parameters);
      checkIdToken(context, token, null);
      return token;
    } catch (error) {
      if (context.signal.aborted || !(error instanceof AuthError)) throw error;
      const slower = nextInterval(error, interval);
      if (slower === undefined) throw error;
      trouble = isWaiting(error) ? undefined : error;
      interval = slower;
    }
  }
}

function isWaiting({ error }: AuthError): boolean {
  return error === "authorization_pending" || error === "slow_down";
}

/** How long to wait after an error, in seconds; `undefined` if the error ends the sign-in. */
function nextInterval(error: AuthError, interval: number): number | undefined {
  if (error.error === "authorization_pending") return interval;
  // RFC 8628 section 3.5: wait five seconds longer, and twice as long if there was no response.
  if (error.error === "slow_down") return Math.min(interval + 5, LONGEST_INTERVAL);
  const slower = Math.min(interval * 2, LONGEST_INTERVAL);
  switch (error.code) {
    case "rate_limited":
      return Math.max(slower, Math.min(error.retryAfter ?? 0, LONGEST_INTERVAL));
    case "server_error":
    case "network":
    case "timeout":
      return error.error === "expired_token" || error.error === "code_expired" ? undefined : slower;
    default:
      return undefined;
  }
}

function ended(): AuthError {
  return new AuthError(
    "login_timeout",
    "The code expired before it was approved. Run it again for a new one.",
  );
}

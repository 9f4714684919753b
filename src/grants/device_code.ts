import * as openid from "openid-client";
import { AuthError } from "../errors.ts";
import type { GrantParts, TokenResponse } from "./grant.ts";
import { commonParameters, exchange, withClient } from "./exchange.ts";

/** A device authorization response (RFC 8628 section 3.2), as the person needs it. */
export interface DeviceRequest {
  /** Where to go. */
  url: string;
  /** The same with the code filled in, where the server gives that. */
  completeUrl: string | undefined;
  code: string;
  /** When the code expires, in epoch milliseconds. */
  until: number;
  /** Polls until the person has decided (RFC 8628 section 3.4, `slow_down` obeyed). */
  poll(signal: AbortSignal): Promise<TokenResponse>;
}

/** Begins the device authorization grant, RFC 8628. */
export function beginDevice(parts: GrantParts): Promise<DeviceRequest> {
  return withClient(parts, { resend: "always", grant: "device_code" }, async ({ config }) => {
    if (config.serverMetadata().device_authorization_endpoint === undefined) {
      throw new AuthError(
        "unsupported",
        `${parts.system.provider.title} names no device authorization endpoint. Give ` +
          '"endpoints.deviceAuthorization", or another method.',
      );
    }
    const started = parts.now();
    const response = await openid.initiateDeviceAuthorization(
      config,
      commonParameters(parts, parts.scope),
    );
    const lifetime = Math.min(response.expires_in, 3600) * 1000;
    return {
      url: response.verification_uri,
      completeUrl: response.verification_uri_complete,
      code: response.user_code,
      until: started + lifetime,
      poll: (signal) => {
        const expired = AbortSignal.timeout(lifetime);
        const waiting = {
          ...parts,
          signal,
          timeout: lifetime + parts.timeout,
          attemptTimeout: parts.timeout,
        };
        return exchange(
          waiting,
          { resend: "always", grant: "device_code" },
          (client) =>
            openid.pollDeviceAuthorizationGrant(client.config, response, undefined, {
              ...client.options,
              signal: AbortSignal.any([signal, expired]),
            }),
        );
      },
    };
  });
}

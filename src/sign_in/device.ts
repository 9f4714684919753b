import type { SignedIn } from "../renewal/renewal.ts";
import type { SignInParts } from "./sign_in.ts";

/** Shows a code, and waits until it is approved on any device (RFC 8628). */
export async function signInByDevice(parts: SignInParts): Promise<SignedIn> {
  const { grantParts, person } = parts;
  const { beginDevice } = await import("../grants/device_code.ts");
  const request = await beginDevice(grantParts);
  await person.show({
    kind: "device",
    title: `Sign in to ${grantParts.system.provider.title}`,
    url: request.url,
    ...(request.completeUrl === undefined ? {} : { completeUrl: request.completeUrl }),
    code: request.code,
    until: request.until,
  });
  const outer = grantParts.signal;
  const response = await person.interruptible((signal) =>
    request.poll(outer ? AbortSignal.any([signal, outer]) : signal)
  );
  return { response };
}

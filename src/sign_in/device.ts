import { beginDevice } from "../grants/device_code.ts";
import type { SignedIn } from "../renewal/renewal.ts";
import type { SignInContext } from "./sign_in_context.ts";

/** Shows a code, and waits until it is approved on any device (RFC 8628). */
export async function signInByDevice({ grants, person }: SignInContext): Promise<SignedIn> {
  const request = await beginDevice(grants);
  await person.show({
    kind: "device",
    title: `Sign in to ${grants.system.provider.title}`,
    url: request.url,
    ...(request.completeUrl === undefined ? {} : { completeUrl: request.completeUrl }),
    code: request.code,
    until: request.until,
  });
  const outer = grants.signal;
  const response = await person.interruptible((signal) =>
    request.poll(outer ? AbortSignal.any([signal, outer]) : signal)
  );
  return { response };
}

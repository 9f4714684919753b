import { AuthError } from "../errors.ts";
import type { GrantContext } from "../grants/grant.ts";
import { obtainToken } from "../grants/obtain_token.ts";
import type { Person } from "../person/person.ts";
import type { Found } from "../profile/find_credentials.ts";
import type { Profile } from "../profile/profile.ts";
import type { Provider, SignInMethod } from "../providers/provider.ts";
import type { SignedIn } from "../renewal/renewal.ts";
import { askCredentials } from "./ask_credentials.ts";
import { signInByLoopback } from "./loopback.ts";
import { signInByPaste } from "./paste.ts";
import { nobodyToSignIn, type SignInContext } from "./sign_in_context.ts";
import { beginDevice } from "../grants/device_code.ts";

/**
 * The ways to ask, best first: a redirect to this machine if a browser can reach it, else a device code,
 * else something to paste.
 */
export function chooseMethods(
  provider: Provider,
  browserIsLocal: boolean,
  forced: SignInMethod | undefined,
): SignInMethod[] {
  const able = provider.methods ??
    (provider.grant === "device_code"
      ? ["device"]
      : provider.paste
      ? ["paste"]
      : ["browser", "device", "paste"]);
  if (forced !== undefined) {
    if (able.includes(forced)) return [forced];
    throw new AuthError(
      "invalid_argument",
      `${provider.title} has no sign-in method "${forced}". It has: ${able.join(", ")}.`,
    );
  }
  const rest = able.filter((method) => method !== "browser");
  return able.includes("browser") && (browserIsLocal || rest.length === 0)
    ? ["browser", ...rest]
    : rest;
}

const WAYS: Record<SignInMethod, (parts: SignInContext) => Promise<SignedIn>> = {
  browser: signInByLoopback,
  device: signInByDevice,
  paste: signInByPaste,
};

/**
 * Signs a person in with the provider's grant: asks for a password, or for a sign-in in a browser.
 *
 * @throws {AuthError} `credentials_missing` if nobody can be asked, and the sign-in's errors
 */
export async function signIn(
  { profile, found, grants, person }: {
    profile: Profile;
    found: Pick<Found, "values" | "sources" | "file">;
    grants: GrantContext;
    person: Person;
  },
): Promise<SignedIn> {
  const { provider, runtime, options } = profile;
  if (provider.grant !== "password") {
    return await signInByPerson({ grants: grants, person, runtime, method: options.method });
  }
  const missing = { ...found, values: grants.values, missing: ["password"], file: null };
  return await askCredentials(
    profile,
    missing,
    () => Promise.resolve(person),
    async (completed) => {
      const { values } = completed;
      return { values, response: await obtainToken({ ...grants, values }, { grant: "password" }) };
    },
  );
}

/**
 * Signs a person in: authorization code (RFC 6749, 7636, 8252), device code (RFC 8628), or paste.
 *
 * @throws {AuthError} `credentials_missing` if nobody can be asked, and the sign-in's errors
 */
export async function signInByPerson(parts: SignInContext): Promise<SignedIn> {
  const { person, grants } = parts;
  const { provider } = grants.system;
  if (person.kind === "nobody") throw nobodyToSignIn(provider);
  const methods = chooseMethods(provider, person.browserIsLocal, parts.method);
  for (const [index, method] of methods.entries()) {
    try {
      return await WAYS[method](parts);
    } catch (error) {
      // The server does not support this way, so try the next one.
      const next = error instanceof AuthError && error.code === "unsupported" &&
        index < methods.length - 1;
      if (next) continue;
      // After a failure, remove links and codes from the card.
      const message = error instanceof AuthError ? error.message : "The sign-in failed.";
      const title = `Not signed in to ${provider.title}`;
      await person.show({ kind: "failed", title, message });
      throw error;
    }
  }
  throw new AuthError("unsupported", `${provider.title} has no way to sign in from here.`);
}

export { nobodyToSignIn };

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

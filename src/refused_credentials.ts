import { AuthError } from "./errors.ts";
import type { Provider } from "./provider.ts";

/** Where refused credentials were found. */
export interface RefusedCredentials {
  /** For people, as `Session.source` names it. */
  source: string;
  /** The file they were read from, where it was one. */
  file: string | undefined;
}

/**
 * Says where refused credentials came from and how to be rid of them: who never typed a client id
 * cannot have mistyped it.
 *
 * @param error what the sign-in met; anything but `client_refused` is given back as it is
 */
export function explainRefusal(
  error: unknown,
  provider: Provider,
  { source, file }: RefusedCredentials,
): unknown {
  if (!(error instanceof AuthError) || error.code !== "client_refused") return error;
  const rid = file === undefined
    ? ""
    : ` To be rid of them: forgetCredentials("${provider.name}"), or onecell logout ${provider.name} --forget; ` +
      "the next sign-in then asks for others.";
  return new AuthError(error.code, `${error.message} They came from ${source}.${rid}`, {
    ...(error.status === undefined ? {} : { status: error.status }),
    ...(error.error === undefined ? {} : { error: error.error }),
    cause: error,
  });
}

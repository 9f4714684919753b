import { AuthError } from "./errors.ts";
import type { Provider } from "./provider.ts";

/**
 * Says where refused credentials came from and how to be rid of them: who never typed a client id
 * cannot have mistyped it.
 *
 * @param error what the sign-in met; anything but `client_refused` is given back as it is
 * @param source where they were found, as `Session.source` names it
 * @param isFile whether that is the saved file
 */
export function explainRefusal(
  error: unknown,
  provider: Provider,
  source: string,
  isFile: boolean,
): unknown {
  if (!(error instanceof AuthError) || error.code !== "client_refused") return error;
  const rid = isFile
    ? ` To be rid of them: forgetCredentials("${provider.name}"), or onecell logout ${provider.name} --forget; ` +
      "the next sign-in then asks for others."
    : "";
  return new AuthError(error.code, `${error.message} They came from ${source}.${rid}`, {
    ...(error.status === undefined ? {} : { status: error.status }),
    ...(error.error === undefined ? {} : { error: error.error }),
    cause: error,
  });
}

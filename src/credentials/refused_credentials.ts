import { AuthError } from "../errors.ts";

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
  source: string,
  isFile: boolean,
): unknown {
  if (!(error instanceof AuthError) || error.code !== "client_refused") return error;
  // No command to forget them: it would need the same folder and system, and may meet another file.
  const rid = isFile ? " Move that file away, and the next sign-in asks for others." : "";
  return new AuthError(error.code, `${error.message} They came from ${source}.${rid}`, {
    ...(error.status === undefined ? {} : { status: error.status }),
    ...(error.error === undefined ? {} : { error: error.error }),
    cause: error,
  });
}

import { AuthError } from "../errors.ts";
import { type ChosenCredentials, sourceText } from "./choose_credentials.ts";

/**
 * Says where refused credentials came from and how to replace them: nobody has just typed them.
 *
 * @param error what the sign-in met; anything but `client_refused` is given back as it is
 * @param found what was used
 */
export function explainRefusal(
  error: unknown,
  { sources }: Pick<ChosenCredentials, "sources">,
): unknown {
  if (!(error instanceof AuthError) || error.code !== "client_refused") return error;
  const isFile = sources.length === 1 && sources[0]?.kind === "file";
  // No command to forget them: it would need the same folder and system, and may meet another file.
  const rid = isFile ? " Move that file away, and the next sign-in asks for others." : "";
  const text = `${error.message} They came from ${sourceText(sources)}.${rid}`;
  return new AuthError(error.code, text, {
    ...(error.status === undefined ? {} : { status: error.status }),
    ...(error.error === undefined ? {} : { error: error.error }),
    cause: error,
  });
}

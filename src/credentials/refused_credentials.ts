import { AuthError } from "../errors.ts";
import type { CredentialValues } from "../providers/provider.ts";
import { type ChosenCredentials, credentialsText, oddities } from "./choose_credentials.ts";

/**
 * Says where refused credentials came from and how to replace them: nobody has just typed them.
 *
 * @param error what the sign-in met; anything but `client_refused` is given back as it is
 * @param found what was used
 */
export function explainRefusal(
  error: unknown,
  { sources, values }: Pick<ChosenCredentials, "sources" | "values">,
): unknown {
  if (!(error instanceof AuthError) || error.code !== "client_refused") return error;
  const isFile = sources.length === 1 && sources[0]?.kind === "file";
  // No command to forget them: it would need the same folder and system, and may meet another file.
  const rid = isFile ? " Move that file away to be asked for others at the next sign-in." : "";
  return withText(error, `${credentialsText(sources)}.${rid}`, values);
}

/** A refusal that names what looks odd about the values: quotes or blanks that came along. */
export function oddRefusal(error: AuthError, values: CredentialValues): AuthError {
  const isRefusal = error.code === "client_refused" || error.code === "login_refused";
  return isRefusal && oddities(values).length > 0 ? withText(error, "", values) : error;
}

function withText(error: AuthError, more: string, values: CredentialValues): AuthError {
  const text = [error.message, ...oddities(values), more].filter((part) => part !== "").join(" ");
  return new AuthError(error.code, text, {
    ...(error.status === undefined ? {} : { status: error.status }),
    ...(error.error === undefined ? {} : { error: error.error }),
    cause: error,
  });
}

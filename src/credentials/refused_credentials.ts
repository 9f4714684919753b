import { AuthError } from "../errors.ts";
import type { CredentialValues } from "../providers/provider.ts";
import { type ChosenCredentials, credentialsText, oddities } from "./choose_credentials.ts";

/**
 * Adds to a refusal where the credentials came from and how to replace them. Use it only for credentials
 * that were not just typed.
 *
 * @param error the sign-in's error; any other than `client_refused` is returned unchanged
 * @param found the credentials that were used
 */
export function explainRefusal(
  error: unknown,
  { sources, values }: Pick<ChosenCredentials, "sources" | "values">,
): unknown {
  if (!(error instanceof AuthError) || error.code !== "client_refused") return error;
  const isFile = sources.length === 1 && sources[0]?.kind === "file";
  // Suggest no command: it would need the same folder and system, and might find another file.
  const rid = isFile ? " Move that file away to be asked for others at the next sign-in." : "";
  return withText(error, `${credentialsText(sources)}.${rid}`, values);
}

/** Adds to a refusal what looks wrong with the values, such as copied quotes or spaces. */
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

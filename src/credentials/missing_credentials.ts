import {
  type ChosenCredentials,
  CLIENT_FIELDS,
  credentialsText,
  oddities,
  type SavedCredentials,
  variableFor,
} from "./choose_credentials.ts";
import { AuthError } from "../errors.ts";
import type { CredentialField, CredentialValues, Provider } from "../providers/provider.ts";

/** A credential field's name for people, such as "client ID". */
export function fieldName(field: string): string {
  return field.replace(/_id$/, " ID").replaceAll("_", " ");
}

/**
 * Creates the error for missing credentials if nobody can be prompted.
 *
 * @param files the paths where a credentials file is looked for
 * @param refused variables that Deno was not allowed to read
 */
export function missingCredentials(
  provider: Provider,
  missing: readonly CredentialField[],
  files: string[],
  refused: string[] = [],
): AuthError {
  const variables = missing.map((field) => variableFor(provider, field)).join(" and ");
  const names = missing.map(fieldName).join(" and ");
  const wanted = `${/^[aeio]/.test(names) ? "an" : "a"} ${names}`;
  const places = files.length > 0
    ? `, or save your app credentials as ${files[0]}`
    : " (there is no home folder to look for a file in: set HOME, or the option directory)";
  const help = provider.enrolment
    ? ` Or sign in once in a notebook, or with: onecell login ${provider.name}`
    : provider.documentation
    ? ` To get app credentials, see ${provider.documentation}.`
    : "";
  if (refused.length > 0) {
    return new AuthError(
      "permission_denied",
      `${provider.title} needs ${wanted}, and Deno may not read them from the environment. ` +
        `Run with --allow-env=${refused.join(",")}${places}.`,
    );
  }
  return new AuthError(
    "credentials_missing",
    `${provider.title} needs ${wanted}, and nobody is here to ask. Set ${variables}${places}.${help}`,
  );
}

/**
 * Creates the error for a file that has only some of the client's values, perhaps because it was cut short.
 * A prompt would hide that.
 */
export function halfFile(
  file: SavedCredentials | null,
  missing: readonly CredentialField[],
): AuthError | null {
  if (file === null) return null;
  const names = Object.entries(file.values).filter(([, value]) => value !== null && value !== "")
    .map(([name]) => name.toLowerCase());
  const lacking = missing.filter((field) =>
    CLIENT_FIELDS.includes(field) && !names.includes(field)
  );
  if (lacking.length === 0 || !CLIENT_FIELDS.some((field) => names.includes(field))) return null;
  return new AuthError(
    "credentials_damaged",
    `The credentials file "${file.path}" has no ${
      lacking.join(" and ")
    }. It was not changed: add what is ` +
      "missing, or move it away and sign in again.",
  );
}

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

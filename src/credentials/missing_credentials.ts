import { CLIENT_FIELDS, type SavedCredentials, variableFor } from "./choose_credentials.ts";
import { AuthError } from "../errors.ts";
import type { CredentialField, Provider } from "../providers/provider.ts";

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

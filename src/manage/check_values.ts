import { CLIENT_FIELDS, normaliseCredentials } from "../credentials/choose_credentials.ts";
import { AuthError } from "../errors.ts";
import type { Provider } from "../providers/provider.ts";
import { MAXIMUM_BYTES } from "../runtime/error_kind.ts";

/**
 * Checks values before they are saved: known names, whole clients, and values that can be read back.
 *
 * @throws {AuthError} `invalid_argument`, naming what is missing or wrong
 */
export function checkValues(
  values: unknown,
  provider: Provider,
  caller: string,
): Record<string, unknown> {
  const what = `${caller}: the credentials`;
  const refuse = (problem: string) =>
    new AuthError("invalid_argument", `${what} ${problem} Nothing was saved.`);
  const known = normaliseCredentials(values, what);
  for (const [name, value] of Object.entries(values as Record<string, unknown>)) {
    if (value !== undefined && !hasJson(value)) {
      throw refuse(
        `have a "${name}" that cannot be written as JSON (RFC 8259). Use strings and numbers.`,
      );
    }
  }
  if (new TextEncoder().encode(JSON.stringify(values, null, 2)).length > MAXIMUM_BYTES) {
    throw refuse("are too long to be credentials.");
  }
  const { requires, optional = [], defaults = {} } = provider;
  const names = [...requires, ...optional, ...Object.keys(defaults)];
  const client = provider.requires.filter((name) =>
    CLIENT_FIELDS.includes(name) && provider.defaults?.[name] === undefined
  );
  const lacking = client.filter((name) => known[name] === undefined);
  const isHalf = lacking.length > 0 && lacking.length < client.length;
  if (!isHalf && names.some((name) => known[name] !== undefined)) {
    return values as Record<string, unknown>;
  }
  const wanted = (isHalf ? client : provider.requires).join(" and ");
  throw refuse(
    `have no ${lacking.join(" and no ") || wanted}. ${provider.title} needs ${wanted}by that name.`,
  );
}

function hasJson(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false; // a circle, a BigInt
  }
}

/** Reads the body of an authorization server's response. */

/** The members of a response body. */
export type Body = Record<string, unknown>;

/** Parses a body that is a JSON object or a form, regardless of its content type. */
export function bodyOf(text: string): Body | undefined {
  const trimmed = text.replace(/^\ufeff/, "").trim();
  try {
    const value: unknown = JSON.parse(trimmed);
    return isObject(value) ? value : undefined;
  } catch {
    const isForm = /^[\w.-]+=[^\s<>{}]*$/.test(trimmed) &&
      /(^|&)(access_token|error)=/.test(trimmed);
    return isForm ? Object.fromEntries(new URLSearchParams(trimmed)) : undefined;
  }
}

/** True for a JSON object. */
export function isObject(value: unknown): value is Body {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True if the body of a 2xx response reports an error, as GitHub, Slack and ArcGIS do. */
export function hasFailed(body: Body): boolean {
  const { error } = body;
  return (error !== undefined && error !== null && error !== "" && error !== false &&
    error !== 0) ||
    ((body["ok"] === false || body["success"] === false) && body["access_token"] === undefined);
}

/** Returns a string, or an integer as a string. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

/** Returns a number, or a numeric string as a number. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isNaN(value) ? undefined : value;
  if (typeof value !== "string" || !/^\s*[+-]?\d+(\.\d+)?\s*$/.test(value)) return undefined;
  return Number(value);
}

/** True for a 2xx status. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

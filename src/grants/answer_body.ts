/** The body of an authorization server's answer, as far as one can be read out of it. */

/** The members of a body. */
export type Body = Record<string, unknown>;

/** A JSON object, even with another content type, or a form. */
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

/** A 2xx answer whose body says that it failed, as GitHub, Slack and ArcGIS send. */
export function hasFailed(body: Body): boolean {
  const { error } = body;
  return (error !== undefined && error !== null && error !== "" && error !== false &&
    error !== 0) ||
    ((body["ok"] === false || body["success"] === false) && body["access_token"] === undefined);
}

/** A text, or a number that was meant as one. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

/** A number, also one that was written as text. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isNaN(value) ? undefined : value;
  if (typeof value !== "string" || !/^\s*[+-]?\d+(\.\d+)?\s*$/.test(value)) return undefined;
  return Number(value);
}

/** True for 2xx. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

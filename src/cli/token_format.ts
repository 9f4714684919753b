import { parseObject } from "../base/text.ts";
import { jsonText } from "./say.ts";

/** The formats in which `onecell token` prints a token for other tools. */
export const TOKEN_FORMATS = ["json", "header", "env", "kubectl", "git", "aws"] as const;

/** One of {@linkcode TOKEN_FORMATS}. */
export type TokenFormat = typeof TOKEN_FORMATS[number];

/** What the formats are made from. */
export interface ShownToken {
  readonly accessToken: string;
  readonly tokenType: string;
  readonly expiresAt: Date;
  readonly scope: string | undefined;
  /** The variable that passes it to programs, such as `SPATIAFI_ACCESS_TOKEN`. */
  readonly variable: string;
}

/** The versions of kubectl's ExecCredential that have the same form for a token. */
const EXEC_VERSIONS = ["v1", "v1beta1"].map((version) => `client.authentication.k8s.io/${version}`);

/**
 * The version that kubectl wants. It names it in the variable `KUBERNETES_EXEC_INFO`, as set in its
 * configuration, and accepts no other.
 */
export function execVersion(info: string | undefined): string {
  const wanted = parseObject(info ?? "")?.["apiVersion"];
  return EXEC_VERSIONS.find((version) => version === wanted) ?? EXEC_VERSIONS[0] ?? "";
}

/**
 * A token as text that needs nothing else. Pure.
 *
 * @param apiVersion the version of an ExecCredential
 */
export function formatToken(
  format: "json" | "header" | "env" | "kubectl",
  token: ShownToken,
  apiVersion: string = execVersion(undefined),
): string {
  const { accessToken, tokenType, scope, variable } = token;
  const expires = withoutMilliseconds(token.expiresAt);
  switch (format) {
    case "json":
      return jsonText({
        access_token: accessToken,
        token_type: typeName(tokenType),
        expires_at: expires,
        scope: scope ?? null,
      });
    case "header":
      return `Authorization: ${typeName(tokenType)} ${accessToken}\n`;
    case "env":
      return `${variable}=${quoted(accessToken)}\n${variable}_EXPIRES_AT=${expires}\n`;
    // https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
    case "kubectl":
      return jsonText({
        apiVersion,
        kind: "ExecCredential",
        status: { token: accessToken, expirationTimestamp: expires },
      });
  }
}

/** Attributes of Git's credential protocol: `name=value` lines (`git help credential`). */
export type GitAttributes = ReadonlyMap<string, string>;

/** Reads what Git tells a credential helper. */
export function parseGitRequest(text: string): GitAttributes {
  return new Map(
    text.split(/\r?\n/).filter((line) => line.includes("=")).map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

/** The origin that Git asks for; `undefined` if it names none. */
export function gitOrigin(request: GitAttributes): string | undefined {
  const url = `${request.get("protocol")}://${request.get("host")}`;
  return request.has("protocol") && request.has("host") && URL.canParse(url)
    ? new URL(url).origin
    : undefined;
}

/** A credential helper's output. Git hosts that accept an OAuth token accept it as a password. */
export function gitAnswer(request: GitAttributes, { accessToken, expiresAt }: ShownToken): string {
  return [
    `username=${request.get("username") || "oauth2"}`,
    `password=${accessToken}`,
    `password_expiry_utc=${Math.floor(expiresAt.getTime() / 1000)}`,
  ].map((line) => `${line}\n`).join("");
}

/** RFC 3339, to the second, because some readers do not accept fractions. */
const withoutMilliseconds = (date: Date) => `${date.toISOString().slice(0, 19)}Z`;

/** Spelled as in the standards (RFC 6750, RFC 9449), though servers ignore case. */
function typeName(type: string): string {
  return type.toLowerCase() === "dpop" ? "DPoP" : type.charAt(0).toUpperCase() + type.slice(1);
}

/** A value quoted for a shell. */
function quoted(value: string): string {
  return /^[\w.~+/=-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

import { parseObject } from "../base/json.ts";

/** The forms in which `onecell token` prints a token for other tools. */
export const TOKEN_FORMATS = ["json", "header", "env", "kubectl", "git", "aws"] as const;

/** One of {@linkcode TOKEN_FORMATS}. */
export type TokenFormat = typeof TOKEN_FORMATS[number];

/** What the forms are made from. */
export interface ShownToken {
  readonly accessToken: string;
  readonly tokenType: string;
  readonly expiresAt: Date;
  readonly scope: string | undefined;
  /** The variable it is given to programs in, such as `SPATIAFI_ACCESS_TOKEN`. */
  readonly variable: string;
}

/** Versions of kubectl's ExecCredential that a token is told in alike. */
const EXEC_VERSIONS = ["v1", "v1beta1"].map((version) => `client.authentication.k8s.io/${version}`);

/**
 * The version that kubectl wants: it says so in the variable `KUBERNETES_EXEC_INFO`, as its
 * configuration does, and takes no other.
 */
export function execVersion(info: string | undefined): string {
  const wanted = parseObject(info ?? "")?.["apiVersion"];
  return EXEC_VERSIONS.find((version) => version === wanted) ?? EXEC_VERSIONS[0] ?? "";
}

/**
 * A token as text that needs nothing else. Pure.
 *
 * @param apiVersion of an ExecCredential
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
      return asJson({
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
      return asJson({
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

/** The origin that Git asks for; `undefined` where it names none. */
export function gitOrigin(request: GitAttributes): string | undefined {
  const url = `${request.get("protocol")}://${request.get("host")}`;
  return request.has("protocol") && request.has("host") && URL.canParse(url)
    ? new URL(url).origin
    : undefined;
}

/** What a credential helper answers. Git hosts that take an OAuth token take it as a password. */
export function gitAnswer(request: GitAttributes, { accessToken, expiresAt }: ShownToken): string {
  return [
    `username=${request.get("username") || "oauth2"}`,
    `password=${accessToken}`,
    `password_expiry_utc=${Math.floor(expiresAt.getTime() / 1000)}`,
  ].map((line) => `${line}\n`).join("");
}

const asJson = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** RFC 3339, to the second: some readers know no fractions. */
const withoutMilliseconds = (date: Date) => `${date.toISOString().slice(0, 19)}Z`;

/** As the standards spell it (RFC 6750, RFC 9449); case makes no difference to a server. */
function typeName(type: string): string {
  return type.toLowerCase() === "dpop" ? "DPoP" : type.charAt(0).toUpperCase() + type.slice(1);
}

/** A value that a shell reads as it is. */
function quoted(value: string): string {
  return /^[\w.~+/=-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

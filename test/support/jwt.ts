/** An unsigned JWT (RFC 7519): to read, not to trust. */
export function jwt(claims: unknown): string {
  const part = (value: unknown) =>
    new TextEncoder().encode(JSON.stringify(value)).toBase64({
      alphabet: "base64url",
      omitPadding: true,
    });
  return `${part({ alg: "RS256", kid: "k" })}.${part(claims)}.${part("signature")}`;
}

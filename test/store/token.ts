import type { Token } from "../../src/token/token.ts";

/** The key of the tests' token. */
export const KEY = "a test's token";

/** A token. `counter` is the value that the tests count up. */
export function testToken(counter: number, more: Partial<Token> = {}): Token {
  return {
    version: 1,
    key: KEY,
    access_token: `access-${counter}`,
    token_type: "Bearer",
    expires_at: 2_000_000_000,
    obtained_at: counter,
    ...more,
  };
}

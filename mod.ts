/**
 * Sign a notebook or a script in to an OAuth 2 or OpenID Connect API, in one cell.
 *
 * @module
 */
export { AuthError, type AuthErrorCode, type AuthErrorOptions } from "./src/errors.ts";

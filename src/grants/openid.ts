/**
 * The one file that imports openid-client: Deno looks a package up once more for every file that names it,
 * before each start.
 *
 * @module
 */
export * from "openid-client";

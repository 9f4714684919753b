/**
 * The only file that imports openid-client. Before each start, Deno resolves a package again for every file
 * that imports it.
 *
 * @module
 */
export * from "openid-client";

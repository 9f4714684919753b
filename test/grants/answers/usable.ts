import type { TokenResponse } from "../../../src/grants/grant.ts";
import { jwt } from "../../support/jwt.ts";

/** A token response of a real server, and the resulting token. */
export interface UsableRow {
  name: string;
  /** The report or the server. */
  seen: string;
  /** Members beside the access token, or the whole body. */
  body: Record<string, unknown> | string;
  status?: number;
  type?: string;
  /** The members that differ from a plain token. */
  token?: Partial<Record<keyof TokenResponse, unknown>>;
}

const ID = jwt({ sub: "ada" });

/** Usable responses that some clients refuse. */
export const USABLE: readonly UsableRow[] = [
  {
    name: "plain",
    seen: "RFC 6749 section 5.1",
    body: { expires_in: 60 },
    token: { expires_in: 60 },
  },
  {
    name: "scope as a list",
    seen: "Netatmo; remix-auth-oauth2#124",
    body: { scope: ["a", "b"] },
    token: { scope: "a b" },
  },
  { name: "scope as an empty list", seen: "mock servers", body: { scope: [] } },
  { name: "scope as null", seen: "ArcGIS", body: { scope: null } },
  { name: "scope as a number", seen: "wrong types", body: { scope: 5 } },
  { name: "scope as an object", seen: "wrong types", body: { scope: { a: true } } },
  { name: "scope that is empty", seen: "GitHub", body: { scope: "" } },
  {
    name: "no token_type",
    seen: "Duende BFF#182; VK (crystal#4503); LinkedIn (deno-oauth2-client#37)",
    body: {},
  },
  { name: "an empty token_type", seen: "crystal#4503", body: { token_type: "" } },
  { name: "token_type null", seen: "wrong types", body: { token_type: null } },
  { name: "token_type BearerToken", seen: "Apigee", body: { token_type: "BearerToken" } },
  { name: "token_type bot", seen: "Slack", body: { token_type: "bot" } },
  { name: "token_type JWT", seen: "home-made servers", body: { token_type: "JWT" } },
  {
    name: "token_type with spaces around it",
    seen: "home-made servers",
    body: { token_type: " Bearer " },
  },
  { name: "HTTP 201", seen: "openid-client#666", body: {}, status: 201 },
  { name: "HTTP 202", seen: "home-made servers", body: {}, status: 202 },
  {
    name: "a form",
    seen: "GitHub (onyx#13331)",
    body: "access_token=t&scope=a%2Cb&token_type=bearer",
    type: "application/x-www-form-urlencoded",
    token: { scope: "a,b" },
  },
  {
    name: "a form with a text content type",
    seen: "typescript-sdk#2535",
    body: "access_token=t&expires_in=60",
    type: "text/plain",
    token: { expires_in: 60 },
  },
  {
    name: "a form with expires",
    seen: "Facebook before 2.3",
    body: "access_token=t&expires=5183999",
    type: "text/plain",
    token: { expires_in: 5183999 },
  },
  {
    name: "JSON with an HTML content type",
    seen: "oauth2-client#1",
    body: { expires_in: 60 },
    type: "text/html;charset=ISO-8859-1",
    token: { expires_in: 60 },
  },
  {
    name: "JSON with a text content type, with a null",
    seen: "better-auth",
    body: { refresh_token: null },
    type: "text/plain",
  },
  { name: "JSON of no type", seen: "home-made servers", body: {}, type: "" },
  { name: "JSON with a byte order mark", seen: ".NET", body: `\ufeff{"access_token":"t"}` },
  {
    name: "expires_in as text",
    seen: "Entra v1 (oauth2c#120); BCDA#806",
    body: { expires_in: "5250", expires_on: "1759495112" },
    token: { expires_in: 5250 },
  },
  {
    name: "expires_in with a fraction",
    seen: "Apigee",
    body: { expires_in: "59.5" },
    token: { expires_in: 59.5 },
  },
  { name: "expires_in in words", seen: "githits-cli#181", body: { expires_in: "soon" } },
  {
    name: "expires_in followed by letters",
    seen: "qwen-code#5510",
    body: { expires_in: "3600abc" },
  },
  { name: "expires_in null", seen: "Zoom", body: { expires_in: null } },
  { name: "expires_in true", seen: "wrong types", body: { expires_in: true } },
  {
    name: "a negative expires_in",
    seen: "servers with a wrong clock",
    body: { expires_in: -5 },
    token: { expires_in: 0 },
  },
  {
    name: "only expires_on",
    seen: "Entra's managed identities",
    body: { expires_on: "4095690650" },
    token: { expires_at: "4095690650" },
  },
  {
    name: "expires_at as a date",
    seen: "SpatiaFi's kind",
    body: { expires_at: "2099-11-26T10:00:00" },
    token: { expires_at: "2099-11-26T10:00:00" },
  },
  {
    name: "expires as epoch milliseconds",
    seen: "ArcGIS",
    body: { expires: 4095690650000 },
    token: { expires_at: 4095690650000 },
  },
  {
    name: "expiry",
    seen: "golang/oauth2 in JSON",
    body: { expiry: "2099-11-26T10:00:00Z" },
    token: { expires_at: "2099-11-26T10:00:00Z" },
  },
  {
    name: "an empty refresh_token",
    seen: "servers that do not rotate",
    body: { refresh_token: "" },
  },
  {
    name: "a refresh_token that is a number",
    seen: "wrong types",
    body: { refresh_token: 12345678901 },
    token: { refresh_token: "12345678901" },
  },
  { name: "a refresh_token that is a list", seen: "wrong types", body: { refresh_token: ["r"] } },
  {
    name: "an id_token",
    seen: "OpenID Connect Core",
    body: { id_token: ID },
    token: { id_token: ID },
  },
  { name: "an id_token that is null", seen: "remix-auth", body: { id_token: null } },
  { name: "an id_token that is an object", seen: "wrong types", body: { id_token: {} } },
  { name: "an id_token that is empty", seen: "better-auth", body: { id_token: "" } },
  {
    name: "an id_token that is encrypted",
    seen: "OpenID Connect Core section 10.2",
    body: { id_token: "a.b.c.d.e" },
  },
  {
    name: "a line break after the token",
    seen: "home-made servers",
    body: { access_token: "t\n" },
  },
  { name: "error null", seen: "ASP.NET", body: { error: null } },
  { name: "an empty error", seen: "Alipay's kind", body: { error: "", error_description: "" } },
  {
    name: "unknown members",
    seen: "Salesforce, Xero, QuickBooks",
    body: { instance_url: "x", issued_at: "1", x_refresh_token_expires_in: 1 },
  },
  { name: "ok and a token", seen: "Slack", body: { ok: true } },
];

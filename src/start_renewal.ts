/**
 * What a renewal loads. Each module is named here: then Deno loads all of them at once, not
 * one level of imports after the other. Made by `deno task architecture`.
 *
 * @module
 */
import "./grants/openid.ts";
import "./base/wait.ts";
import "./http/failure.ts";
import "./http/token_fetch.ts";
import "./store/read_document.ts";
import "./token/token_response.ts";
import "./grants/external_token.ts";
import "./grants/private_key.ts";
import "./grants/client_authentication.ts";
import "./grants/discovery.ts";
import "./grants/client.ts";
import "./token/dpop.ts";
import "./grants/refusal_of.ts";
import "./grants/judge.ts";
import "./base/read_text.ts";
import "./base/decode_bytes.ts";
import "./base/decode.ts";
import "./http/redact.ts";
import "./grants/refusal.ts";
import "./grants/exchange.ts";
import "./grants/id_token.ts";
import "./grants/authorization_code.ts";
import "./grants/obtain_token.ts";
import "./renewal/renewal.ts";
export { renew } from "./renewal/renewal.ts";

/**
 * What every start loads. Each module is named here: then Deno loads all of them at once, not
 * one level of imports after the other. Made by `deno task architecture`.
 *
 * @module
 */
import "./errors.ts";
import "./credentials/choose_credentials.ts";
import "./base/text.ts";
import "./credentials/credentials.ts";
import "./trust.ts";
import "./providers/define_provider.ts";
import "./providers/system.ts";
import "./token/token.ts";
import "./runtime/error_kind.ts";
import "./store/disk.ts";
import "./store/open_store.ts";
import "./store/credentials_file.ts";
import "./options/check_options.ts";
import "./providers/registry.ts";
import "./runtime/current.ts";
import "./profile/profile.ts";
import "./profile/find_credentials.ts";
import "./http/api_fetch.ts";
import "./lazy.ts";
import "./renewal/token_keeper.ts";
import "./connect.ts";
import "./renewal/connection.ts";
import "./session.ts";
import "./get_session.ts";
import "./verbs.ts";

import type { Provider } from "./provider.ts";
import { withDefaults } from "./define_provider.ts";

/** PlantPredict, legacy (Okta): resource owner password; a refresh token renews the session. */
export const plantpredictOkta: Provider = withDefaults({
  name: "plantpredict-okta",
  title: "PlantPredict (Okta)",
  grant: "password",
  authUrl: "https://afse.okta.com/oauth2/aus3jzhulkrINTdnc356",
  apiUrl: "https://api.plantpredict.com/",
  endpoints: { token: "/v1/token", revocation: "/v1/revoke" },
  clientAuthentication: "client_secret_post",
  scope: "openid offline_access",
  refreshScope: "offline_access",
});

import type { Provider } from "./provider.ts";
import { withDefaults } from "./define_provider.ts";

/** PlantPredict in its Okta days: resource owner password, kept alive by a refresh token. */
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

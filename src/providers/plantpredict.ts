import type { Provider } from "./provider.ts";
import { withDefaults } from "./define_provider.ts";

/** PlantPredict since it moved to Amazon Cognito: client credentials, no refresh token. */
export const plantpredict: Provider = withDefaults({
  name: "plantpredict",
  title: "PlantPredict",
  grant: "client_credentials",
  authUrl: "https://terabase-prd.auth.us-west-2.amazoncognito.com",
  apiUrl: "https://api.plantpredict.terabase.energy",
  endpoints: { token: "/oauth2/token" },
  clientAuthentication: "client_secret_post",
  scope: "transactions/post transactions/get",
  documentation: "https://ui.plantpredict.com/signUp",
});

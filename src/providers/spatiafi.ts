import type { Provider } from "./provider.ts";
import { withDefaults } from "./define_provider.ts";

/** SpatiaFi: app credentials are created once, then `client_secret_jwt` (RFC 7523). */
export const spatiafi: Provider = withDefaults({
  name: "spatiafi",
  title: "SpatiaFi",
  grant: "client_credentials",
  authUrl: "https://auth.spatiafi.com",
  apiUrl: "https://api.spatiafi.com",
  endpoints: { token: "/api/v1/auth/jwt/token" },
  clientAuthentication: "client_secret_jwt",
  enrolment: {
    login: "/api/v1/auth/jwt/token/basic",
    clients: "/api/v1/clients/",
    help: "Enter your SpatiaFi username and password. You won't be asked again.",
  },
  // SpatiaFi's own Python package retries on 500 too.
  retryStatuses: [429, 500, 502, 503, 504],
});

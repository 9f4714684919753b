import type { Provider } from "./provider.ts";
import { withDefaults } from "./define_provider.ts";

const api: Pick<Provider, "apiUrl" | "retryStatuses" | "timeout" | "refusedPaths"> = {
  apiUrl: "https://api.4insight.io/",
  retryStatuses: [413, 429, 502, 503, 504],
  timeout: 100_000,
  refusedPaths: ["/internal"],
};

/** 4insight for a person, who signs in on its page and pastes the package that it shows. */
export const fourinsight: Provider = withDefaults({
  ...api,
  name: "fourinsight",
  title: "4insight",
  grant: "authorization_code",
  methods: ["paste"],
  authUrl: "https://4insight.io",
  clientAuthentication: "client_secret_post",
  paste: {
    page: "/auth",
    // The package says where to exchange the code, and a secret is sent there.
    endpointHosts: ["login.microsoftonline.com", "*.b2clogin.com", "4insight.io"],
  },
  foreignTokens: {
    folder: ".fourinsight/api",
    folderOnMac: ".config/.fourinsight/api",
    file: "token",
  },
});

/** 4insight for a service: client credentials; each process signs in, and the token is never on disk. */
export const fourinsightClient: Provider = withDefaults({
  ...api,
  name: "fourinsight-client",
  title: "4insight (service account)",
  grant: "client_credentials",
  authUrl: "https://login.microsoftonline.com/4subseaid.onmicrosoft.com",
  endpoints: { token: "/oauth2/v2.0/token" },
  clientAuthentication: "client_secret_post",
  scope: "https://4subseaid.onmicrosoft.com/4insight-api-prod/.default",
  store: "memory",
});

import type { Provider } from "./provider.ts";
import { withDefaults } from "./define_provider.ts";

/** OSIsoft Cloud Services, now AVEVA: discovery below the resource, client credentials, a probe. */
export const ocs: Provider = withDefaults({
  name: "ocs",
  title: "OSIsoft Cloud Services",
  grant: "client_credentials",
  issuer: "{resource}/identity",
  apiUrl: "{resource}",
  clientAuthentication: "client_secret_post",
  requires: ["tenant_id", "client_id", "client_secret"],
  defaults: { resource: "https://dat-b.osisoft.com", api_version: "v1" },
  probe: "/api/{api_version}/Tenants/{tenant_id}",
  documentation: "https://cloud.osisoft.com/clients",
});

import { AuthError } from "../errors.ts";
import { checkProvider, FOREIGN, prefixFor } from "./define_provider.ts";
import type { Provider } from "./provider.ts";
import { providers } from "./registry.ts";

/** Names whose variables, such as `AZURE_CLIENT_SECRET`, and folders hold other programs' secrets. */
const TAKEN =
  /^(aws|amazon|az|azure|arm|google|gcp|gcloud|cloudsdk|github|gh|gitlab|glab|bitbucket|atlassian|docker|npm|pypi|twine|pip|hf|huggingface|openai|anthropic|databricks|snowflake|kaggle|kube|kubernetes|vault|consul|terraform|tf|auth0|okta|slack|stripe|twilio|heroku|vercel|netlify|cloudflare|cf|digitalocean|ssh|gnupg|git|rclone|deno|node|bun|python|onecell)(-|$)/;

/**
 * Checks a definition that somebody else wrote, such as a JSON file's. It describes a system of its
 * own: it takes no name, folder, file or variable by which another system's secrets are found.
 *
 * @throws {AuthError} `invalid_argument`, naming the field
 */
export function defineForeign(input: unknown): Provider {
  const provider = checkProvider(input);
  const refuse = (field: string, problem: string) => {
    throw new AuthError(
      "invalid_argument",
      `The definition's "${field}" ${problem}. A definition from a file stands for a system of its own.`,
    );
  };
  const { name, folder, files, environmentPrefix, foreignTokens } = provider;
  const isKnown = (other: Provider) =>
    [other.name, other.folder].some((taken) => taken === name || taken === folder) ||
    other.environmentPrefix === environmentPrefix;
  if (TAKEN.test(name) || providers.some(isKnown)) {
    refuse("name", `is "${name}", and another system's secrets are found by it: choose another`);
  }
  if (folder !== name) refuse("folder", `must be left out: its folder is "${name}"`);
  if (environmentPrefix !== prefixFor(name)) {
    refuse("environmentPrefix", `must be left out: it is ${prefixFor(name)}`);
  }
  if (files.some((file) => !["app_credentials", "app_credentials.json"].includes(file))) {
    refuse("files", "must be left out");
  }
  if (foreignTokens !== undefined) refuse("foreignTokens", "must be left out");
  return { ...provider, [FOREIGN]: true } as Provider;
}

import { AuthError } from "../errors.ts";
import { checkProvider, FOREIGN, prefixFor } from "./define_provider.ts";
import type { ExternalToken, Provider } from "./provider.ts";
import { providers } from "./registry.ts";

/** Names whose variables, such as `AZURE_CLIENT_SECRET`, and folders hold other programs' secrets. */
const TAKEN =
  /^(aws|amazon|az|azure|arm|google|gcp|gcloud|cloudsdk|github|gh|gitlab|glab|bitbucket|atlassian|docker|npm|pypi|twine|pip|hf|huggingface|openai|anthropic|databricks|snowflake|kaggle|kube|kubernetes|vault|consul|terraform|tf|auth0|okta|slack|stripe|twilio|heroku|vercel|netlify|cloudflare|cf|digitalocean|ssh|gnupg|git|rclone|deno|node|bun|python|onecell|mapbox|pulumi|supabase|figma|strava|dropbox|shopify|square|facebook|meta|twitter|linkedin|sentry|asana|hubspot|notion|zenodo|contentful|buildkite|expo|fly|netrc|op|bw|doctl|oci|ibmcloud|linode|hcloud|wrangler|firebase|datadog|dd|newrelic|sops|cargo|rubygems|nuget|maven|gradle|conda|uv|mlflow|wandb|cohere|mistral|gemini|codex|claude|earthdata)(-|$)/;

/** Names of variables that many programs share, such as `DATABASE_URL` and `CI_JOB_TOKEN`. */
const SHARED: readonly string[] = (
  "access actions api app auth ci client database db jpy jupyter jupyterhub login mongo mongodb mysql " +
  "oauth oidc password pg pgsql postgres private public redis runner secret secrets sentry service " +
  "session smtp token user"
).split(" ");

/** Otherwise `station_client_secret` of "weather" would be the client secret of "weather-station". */
const OF_ANOTHER = /_(access_token|client_id|client_secret|key_id|password|private_key|username)$/;

/**
 * Checks a definition that somebody else wrote, such as a JSON file. It may only describe a system of its
 * own: it may use no name, folder, file or variable that leads to another system's secrets. It may run
 * programs and use tokens of this machine or its user only after the person or an administrator has agreed.
 *
 * @param agreed true if the person, or this machine's administrator, has agreed to what is in the list from
 * {@linkcode reachesOf}
 * @param path the file, for a system with a known name
 * @throws {AuthError} `invalid_argument`, naming the field
 */
export function defineForeign(
  input: unknown,
  { agreed = false, path }: { agreed?: boolean; path?: string } = {},
): Provider {
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
  if (TAKEN.test(name) || SHARED.includes(name) || providers.some(isKnown)) {
    refuse("name", `is "${name}", and another system's secrets are found by it: choose another`);
  }
  if (!/^[a-z]/.test(name)) refuse("name", "must begin with a letter");
  const odd = [...provider.requires, ...Object.keys(provider.defaults ?? {})]
    .find((field) => OF_ANOTHER.test(field));
  if (odd !== undefined) {
    refuse(
      "requires",
      `names "${odd}", which could be another system's value: choose another name`,
    );
  }
  if (folder !== name) refuse("folder", `must be left out: its folder is "${name}"`);
  if (environmentPrefix !== prefixFor(name)) {
    refuse("environmentPrefix", `must be left out: it is ${prefixFor(name)}`);
  }
  if (files.some((file) => !["app_credentials", "app_credentials.json"].includes(file))) {
    refuse("files", "must be left out");
  }
  if (foreignTokens !== undefined) refuse("foreignTokens", "must be left out");
  const [first] = reachesOf(provider);
  if (first !== undefined && !agreed) {
    throw new AuthError(
      "invalid_argument",
      `The definition's "${first.field}" ${first.text}. A definition from elsewhere needs your approval for that. ` +
        "If you trust it, run: onecell provider add FILE",
    );
  }
  return { ...provider, [FOREIGN]: path ?? true } as Provider;
}

/** What a definition does on this machine that a person, or an administrator, has to agree to. */
export interface Reach {
  /** The member of the definition. */
  readonly field: "tokenCommand" | "subjectToken" | "clientAssertion";
  /** What it does, as the end of a sentence, such as `runs "az account get-access-token"`. */
  readonly text: string;
}

/** The programs that a definition runs, and the tokens of this machine that it uses; most have none. */
export function reachesOf(provider: Provider): Reach[] {
  const { tokenCommand, subjectToken, clientAssertion } = provider;
  const given: [Reach["field"], ExternalToken | undefined][] = [
    ["tokenCommand", tokenCommand && { command: tokenCommand }],
    ["subjectToken", subjectToken],
    ["clientAssertion", clientAssertion],
  ];
  return given.flatMap(([field, token]) => {
    const text = token && reachOf(token);
    return text === undefined ? [] : [{ field, text }];
  });
}

/** What getting a token does; `undefined` for a credential value, which is the system's own. */
function reachOf(token: ExternalToken): string | undefined {
  if (typeof token === "function") return "calls a function";
  if ("credential" in token) return undefined;
  if ("command" in token) {
    return `runs ${JSON.stringify(token.command.map(quoted).join(" "))}`;
  }
  if ("file" in token) return `sends what is in the file "${token.file}"`;
  if ("kubernetes" in token) return `sends the pod's token in "${token.kubernetes}"`;
  if ("environment" in token) return `sends the value of the variable ${token.environment}`;
  if ("githubActions" in token) {
    return `sends an identity token of the GitHub job for ${JSON.stringify(token.githubActions)}`;
  }
  return `sends the ${token.jupyterhub} in the JupyterHub user's auth_state`;
}

/** An argument quoted for a shell, because people may copy it. */
function quoted(text: string): string {
  return /^[\w.,:/=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

import { AuthError } from "../errors.ts";
import { checkProvider, FOREIGN, prefixFor } from "./define_provider.ts";
import type { ExternalToken, Provider } from "./provider.ts";
import { secrecyOf } from "../trust.ts";
import { providers } from "./registry.ts";

/**
 * Names, and their beginnings, of programs whose variables, such as `AZURE_CLIENT_SECRET`, and folders hold
 * secrets. `checkOwnFolder` of `profile/known_systems.ts` finds the programs that are not in this list.
 */
const TAKEN: readonly string[] = (
  "actions age amazon ansible anthropic arm asana atlassian auth0 aws az azdo azure bash " +
  "bitbucket boto buildah buildkite bun bw cargo cf chatgpt ci circleci claude cloudflare " +
  "cloudsdk codex cohere composer conda consul contentful dagster databricks datadog dbt dd " +
  "deno digitalocean docker doctl dropbox dvc earthdata elastic expo facebook figma firebase " +
  "fly gcloud gcp gem gemini gh git gitea github gitlab glab gnome gnupg google gopass gpg " +
  "gradle gtk hcloud helm heroku hf hubspot huggingface ibmcloud jenkins jfrog jira jpy jupyter " +
  "jupyterhub kaggle kde keybase kube kubernetes ld linkedin linode mapbox maven meta minio " +
  "mistral mlflow msmtp netlify netrc newrelic nextflow nexus ngrok node nomad notion npm npmrc " +
  "nuget oci okta ollama onecell op openai packer pass perl perl5 php pip podman poetry prefect " +
  "pulumi pypi python qt rabbitmq rclone restic ruby rubygems runner s3cmd sentry shopify slack " +
  "snowflake snyk sonar sops square ssh strava stripe supabase systemd tailscale terraform tf " +
  "travis twilio twine twitter uv vagrant vault vercel vscode wandb wrangler xdg yarn zenodo " +
  "zsh"
).split(" ");

/** Names of variables that many programs share, such as `DATABASE_URL` and `CLIENT_SECRET`. */
const SHARED: readonly string[] = (
  "access api app auth client database db login mongo mongodb mysql oauth oidc password pg " +
  "pgsql postgres private public redis secret secrets service session smtp token user"
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
  const { name, title, folder, files, environmentPrefix, foreignTokens } = provider;
  const isKnown = (other: Provider) =>
    [other.name, other.folder].some((taken) =>
      taken === name || taken === folder || looksLike(name, taken)
    ) || other.environmentPrefix === environmentPrefix;
  const isTaken = TAKEN.some((taken) => name === taken || name.startsWith(`${taken}-`));
  if (isTaken || SHARED.includes(name) || providers.some(isKnown)) {
    refuse(
      "name",
      `is "${name}", and another system's secrets are found by it: choose another, such as "my-${name}"`,
    );
  }
  if (providers.some((other) => lettersOf(other.title) === lettersOf(title)) || isMixed(title)) {
    refuse("title", "is another system's, or looks like it: choose another");
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

/** True for `spatiafi-eu`, `spatiafi2` and `spatia-fi`: people and variables take them for the known one. */
function looksLike(name: string, known: string): boolean {
  const isLong = known.length > 4; // "ocsp" has nothing to do with "ocs"
  return name.startsWith(`${known}-`) ||
    (isLong && lettersOf(name).startsWith(lettersOf(known)));
}

/** Letters and digits alone, in one case. */
function lettersOf(text: string): string {
  return text.normalize("NFKD").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
}

/** True if a word has letters of two alphabets: such a word is made to look like another. */
function isMixed(text: string): boolean {
  return text.split(/[^\p{L}]+/u).some((word) =>
    /\p{Script=Latin}/u.test(word) &&
    /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Cherokee}]/u.test(word)
  );
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
  const { tokenCommand, subjectToken, clientAssertion, environmentPrefix } = provider;
  const given: [Reach["field"], ExternalToken | undefined][] = [
    ["tokenCommand", tokenCommand && { command: tokenCommand }],
    ["subjectToken", subjectToken],
    ["clientAssertion", clientAssertion],
  ];
  return given.flatMap(([field, token]) => {
    const text = token && reachOf(token, environmentPrefix);
    return text === undefined ? [] : [{ field, text }];
  });
}

/** Names of credential values that are tokens to sign in with. */
const TICKETS =
  /^(subject_token|actor_token|id_token|access_token|(client_)?assertion|client_secret|private_key|password|ticket)$/;

/** What getting a token does; `undefined` for a credential value, which is the system's own. */
function reachOf(token: ExternalToken, prefix: string): string | undefined {
  if (typeof token === "function") return "calls a function";
  if ("credential" in token) {
    const { credential } = token;
    // Such as CI_JOB_TOKEN or GEM_HOST_API_KEY: a variable that begins with the name may be another's.
    return TICKETS.test(credential) || secrecyOf(credential) === "open"
      ? undefined
      : `sends the value of the variable ${prefix}_${credential.toUpperCase()}`;
  }
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

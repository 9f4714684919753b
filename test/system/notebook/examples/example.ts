import type { Sandbox, SystemName } from "../../../../examples/sandbox/mod.ts";

/** One prompt of a notebook, and how a person finds the answer. */
export interface Question {
  prompt: string;
  masked: boolean;
  answer: (sandbox: Sandbox) => string | Promise<string>;
}

/** A notebook of the examples folder, and its surroundings. */
export interface Example {
  /** The file, without its ending. */
  name: string;
  /** The system that it signs in to. */
  system: SystemName;
  /** Its prompts in the first run, in order. Later runs have none. */
  questions: Question[];
  /** The lifetime of the sandbox's tokens in seconds, if it matters. */
  tokenLifetime?: number;
  /** The maximum number of token requests in a second run: none if a token is saved. */
  laterTokens?: number;
  /** Files beside the notebook, by name. */
  files?: (sandbox: Sandbox) => Record<string, string>;
  /** True if the person approves a device code at the link on the card. */
  device?: boolean;
}

const ask = (prompt: string, answer: Question["answer"]): Question => ({
  prompt: `${prompt}: `,
  masked: false,
  answer,
});
const askSecret = (prompt: string, answer: Question["answer"]): Question => ({
  ...ask(prompt, answer),
  masked: true,
});

const username = ({ users }: Sandbox) => users[0]?.username ?? "";
const password = ({ users }: Sandbox) => users[0]?.password ?? "";
const clientId = (system: SystemName) => (sandbox: Sandbox) => sandbox.client(system).clientId;
const clientSecret = (system: SystemName) => (sandbox: Sandbox) =>
  sandbox.client(system).clientSecret ?? "";

const user = (title: string): Question[] => [
  ask(`${title} username`, username),
  askSecret(`${title} password`, password),
];
const client = (title: string, system: SystemName): Question[] => [
  ask(`${title} client ID`, clientId(system)),
  askSecret(`${title} client secret`, clientSecret(system)),
];

/** Every notebook of the examples folder. */
export const examples: readonly Example[] = [
  { name: "quickstart", system: "spatiafi", questions: user("SpatiaFi") },
  {
    name: "tutorial",
    system: "spatiafi",
    // The notebook itself prompts, as the tutorial does.
    questions: [ask("SpatiaFi username", username), askSecret("SpatiaFi password", password)],
  },
  { name: "spatiafi", system: "spatiafi", questions: user("SpatiaFi") },
  {
    name: "plantpredict",
    system: "plantpredict",
    questions: client("PlantPredict", "plantpredict"),
  },
  {
    name: "plantpredict_okta",
    system: "plantpredict-okta",
    questions: [
      ask("PlantPredict (Okta) username", username),
      askSecret("PlantPredict (Okta) password", password),
      ...client("PlantPredict (Okta)", "plantpredict-okta"),
    ],
  },
  {
    name: "fourinsight",
    system: "fourinsight",
    questions: [
      ...client("4insight", "fourinsight"),
      askSecret("Paste the code from 4insight", (sandbox) => sandbox.signInForPackage()),
    ],
  },
  {
    name: "fourinsight_client",
    system: "fourinsight-client",
    questions: client("4insight (service account)", "fourinsight-client"),
    laterTokens: 1,
  },
  {
    name: "ocs",
    system: "ocs",
    questions: [],
    files: (sandbox) => ({ "appsettings.json": ocsSettings(sandbox) }),
  },
  {
    name: "long_jobs",
    system: "spatiafi",
    questions: user("SpatiaFi"),
    tokenLifetime: 3,
    laterTokens: Infinity,
  },
  { name: "define_provider", system: "oidc", questions: [], device: true },
];

/** The settings file of the OSIsoft samples, filled in for the sandbox. */
function ocsSettings(sandbox: Sandbox): string {
  const { clientId, clientSecret, extra } = sandbox.client("ocs");
  return JSON.stringify({
    Resource: sandbox.environment["OCS_RESOURCE"],
    ApiVersion: "v1",
    TenantId: extra?.["tenantId"],
    ClientId: clientId,
    ClientSecret: clientSecret,
  });
}

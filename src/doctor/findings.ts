import { localTime } from "../base/text.ts";
import { variableFor } from "../credentials/choose_credentials.ts";
import type { Provider } from "../providers/provider.ts";
import type { PathCondition } from "../store/inspect_store.ts";
import { type DoctorFacts, type DoctorFinding, isProxyUrl } from "./facts.ts";

/** What the findings need besides the facts. */
export interface FindingContext {
  provider: Provider;
  /** Whether the files that `DENO_CERT` and `NODE_EXTRA_CA_CERTS` name exist. */
  certificates: Record<string, PathCondition>;
  /** Variables that Deno was not allowed to read. */
  refused: readonly string[];
  /** True if the environment has unprefixed names, which are never used. */
  unprefixed: boolean;
  /** What looks wrong with the values, such as quotes around a secret. */
  odd?: readonly string[];
}

/** A larger clock difference gets a warning, in seconds. */
const CLOCK_TOLERANCE = 30;

/** Judges the facts: problems first, then warnings. Pure. */
export function findings(facts: DoctorFacts, context: FindingContext): DoctorFinding[] {
  const found = [
    ...(facts.address?.problem ? [stop(facts.address.problem.message)] : []),
    ...credentialFindings(facts, context),
    ...facts.external.flatMap(({ problem }) => problem ? [stop(problem.message)] : []),
    ...tokenFindings(facts),
    ...fileFindings(facts),
    ...facts.endpoints.flatMap(({ problem }) => problem ? [stop(problem.message)] : []),
    ...facts.endpoints.flatMap(({ doubts = [] }) => doubts.map(warn)),
    ...clockFindings(facts),
    ...settingFindings(facts, context),
  ];
  return [...found.filter(isProblem), ...found.filter((finding) => !isProblem(finding))];
}

const stop = (message: string): DoctorFinding => ({ level: "problem", message });
const warn = (message: string): DoctorFinding => ({ level: "warning", message });
const isProblem = ({ level }: DoctorFinding) => level === "problem";

function credentialFindings(
  { credentials, token, title }: DoctorFacts,
  { provider, unprefixed, refused, odd = [] }: FindingContext,
): DoctorFinding[] {
  const found: DoctorFinding[] = [];
  if (credentials.problem) found.push(stop(credentials.problem.message));
  for (const what of odd) found.push(warn(`${what} If it was copied by mistake, remove it.`));
  const { missing, file } = credentials;
  // A missing password does not matter if there is no need to sign in.
  const needless = missing.every((field) => field === "password") && token !== null &&
    (token.secondsLeft > 0 || token.renewal === "refresh_token");
  if (missing.length === 0 || needless) return found;
  const variables = missing.map((field) => variableFor(provider, field)).join(" and ");
  const place = file === undefined ? "" : `, save your app credentials as ${file.path}`;
  // A sign-in with an incomplete file does not prompt, and its problem above says what to do.
  const half = credentials.problem?.code === "credentials_damaged";
  if (!half) {
    found.push(stop(
      `${title} needs ${
        missing.join(" and ")
      }. Set ${variables}${place}, or sign in with ${SIGN_IN}.`,
    ));
  }
  const unread = missing.map((field) => variableFor(provider, field))
    .filter((name) => refused.includes(name));
  if (unread.length > 0) {
    found.push(warn(
      `Deno may not read ${unread.join(" and ")}. Run with --allow-env=${refused.join(",")}.`,
    ));
  }
  if (unprefixed && missing.includes("client_id")) {
    found.push(warn(
      `CLIENT_ID is set but not read, because it could belong to another system. Set ${
        variableFor(provider, "client_id")
      } instead.`,
    ));
  }
  return found;
}

const SIGN_IN = "getSession in a notebook or onecell login in a terminal";

function tokenFindings({ token, credentials, time }: DoctorFacts): DoctorFinding[] {
  if (token === null || token.renewal !== "sign-in") return [];
  const end = localTime(Date.parse(token.expiresAt), Date.parse(time));
  if (token.secondsLeft <= 0) {
    return [stop(`The session expired at ${end}. Sign in again with ${SIGN_IN}.`)];
  }
  if (credentials.missing.length > 0) return [];
  return [warn(
    `The token expires at ${end} and cannot renew automatically: there is no ` +
      "refresh token. Many servers issue one for the scope offline_access.",
  )];
}

function fileFindings({ credentials, store }: DoctorFacts): DoctorFinding[] {
  const found: DoctorFinding[] = [];
  if (store.problem) found.push(warn(store.problem.message));
  if (store.damaged && store.file) {
    found.push(warn(
      `The token file "${store.file.path}" is damaged and is not used. The next sign-in sets it ` +
        "aside, under the same name with .damaged- and the time, and saves a new one.",
    ));
  }
  const { file, folder } = credentials;
  if (file?.kind === "unknown" && !credentials.problem) {
    found.push(warn(
      `Cannot check whether "${file.path}" exists. In Deno, run with --allow-read.`,
    ));
  }
  found.push(...tooOpen("credentials file", file, 0o077, 600));
  // Others who can write to the folder can replace this file.
  found.push(...tooOpen("folder", folder, 0o022, 700));
  found.push(...tooOpen("token file", store.file, 0o077, 600));
  found.push(...tooOpen("token folder", store.folder, 0o077, 700));
  return found;
}

/** Warns about a file or folder that others on this machine can read or change. */
function tooOpen(
  what: string,
  at: PathCondition | undefined,
  mask: number,
  wanted: number,
): DoctorFinding[] {
  if (at?.mode === undefined || (parseInt(at.mode, 8) & mask) === 0) return [];
  const may = (parseInt(at.mode, 8) & 0o022) === 0 ? "read" : "change";
  return [warn(
    `Others on this machine can ${may} the ${what} "${at.path}" (mode ${at.mode}). Run: ` +
      `chmod ${wanted} "${at.path}"`,
  )];
}

function clockFindings({ clock }: DoctorFacts): DoctorFinding[] {
  if (clock === null || Math.abs(clock.offset) <= CLOCK_TOLERANCE) return [];
  const seconds = Math.abs(clock.offset);
  return [warn(
    `This machine's clock is ${seconds} s ${clock.offset > 0 ? "behind" : "ahead of"} that of ` +
      `${clock.server}. Synchronize it with a time server (NTP): signatures and certificates depend on it.`,
  )];
}

function settingFindings(
  { settings, runtime }: DoctorFacts,
  { certificates }: FindingContext,
): DoctorFinding[] {
  const found: DoctorFinding[] = [];
  const proxies = Object.entries(settings).filter(([name]) => /^(https?|all)_proxy$/i.test(name));
  for (const [name, value] of proxies) {
    if (!isProxyUrl(value)) {
      found.push(warn(
        `${name} is not a proxy URL. Set it to a URL such as http://proxy.example.com:8080.`,
      ));
    }
  }
  if (runtime.name === "node" && proxies.length > 0 && settings["NODE_USE_ENV_PROXY"] !== "1") {
    found.push(warn(
      `Node does not use ${
        proxies[0]?.[0]
      } by itself. Set NODE_USE_ENV_PROXY=1 (Node 22.21, 24 and later).`,
    ));
  }
  for (const [name, { path, kind }] of Object.entries(certificates)) {
    if (kind === "missing" || kind === "folder") {
      found.push(stop(
        `${name} names "${path}", which is not a file. Point it at a CA file in PEM.`,
      ));
    }
  }
  if (
    runtime.name !== "deno" && settings["DENO_CERT"] !== undefined &&
    settings["NODE_EXTRA_CA_CERTS"] === undefined
  ) {
    found.push(warn("Only Deno reads DENO_CERT. Set NODE_EXTRA_CA_CERTS for this runtime."));
  }
  if (settings["NODE_TLS_REJECT_UNAUTHORIZED"] === "0") {
    found.push(stop(
      "NODE_TLS_REJECT_UNAUTHORIZED=0 turns off certificate checks: anyone on the network can " +
        "read the token. Unset it, and set NODE_EXTRA_CA_CERTS (Deno: DENO_CERT) to your CA file.",
    ));
  }
  return found;
}

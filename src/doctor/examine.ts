import { examineAddress } from "../address/find_address.ts";
import { placeOf } from "../credentials/choose_credentials.ts";
import { AuthError } from "../errors.ts";
import { lookAtExternal } from "../grants/external_token.ts";
import { externalTokens } from "../profile/find_credentials.ts";
import type { ExternalToken, Provider } from "../providers/provider.ts";
import { definitionOf } from "../providers/define_provider.ts";
import { runtimeVersion } from "../runtime/current.ts";
import { storeStatus } from "../manage/store_status.ts";
import { accountInUse, type Profile } from "../profile/profile.ts";
import { accountOf, type Connection, renewsItself } from "../renewal/connection.ts";
import { credentialsPath } from "../store/credentials_file.ts";
import { inspectPath, isDamaged, type PathCondition, tryWriting } from "../store/inspect_store.ts";
import { configDirectories, joinPath, parentPath } from "../store/disk.ts";
import type { StoredToken } from "../store/store.ts";
import type { System } from "../providers/system.ts";
import {
  type DoctorFacts,
  type DoctorProblem,
  type ExternalFacts,
  networkSettings,
  type TokenFacts,
} from "./facts.ts";
import { reach, type Reached, type ReachTarget } from "./reach.ts";

/** What is known before anything is checked. */
export interface Patient {
  profile: Profile;
  /** Where the credentials came from, in words. */
  source: string;
  missing: readonly string[];
  credentialsProblem: DoctorProblem | undefined;
  /** The connection that signs in, or would; `null` if it cannot be built. */
  connection: Connection | null;
  signal: AbortSignal | undefined;
  now: () => number;
}

/** How long one server has to respond, in milliseconds. */
const REACH_TIME = 5_000;

/** Gathers the facts: checks files and settings, and whether the servers respond. */
export async function examine(patient: Patient): Promise<DoctorFacts> {
  const { profile: { runtime, provider, given }, connection, now } = patient;
  const [external, reached, credentials, store, address] = await Promise.all([
    externalFacts(patient),
    reachAll(patient),
    credentialsFacts(patient),
    storeFacts(patient),
    addressFacts(patient),
  ]);
  const timed = reached.find(({ offset }) => offset !== undefined);
  const token = connection?.keeper.token ?? null;
  const definition = definitionOf(provider);
  return {
    provider: provider.name,
    title: provider.title,
    ...(address ? { address } : {}),
    ...(definition === undefined ? {} : { definition }),
    time: new Date(now()).toISOString(),
    runtime: { name: runtime.name, version: runtimeVersion(), platform: runtime.platform },
    credentials,
    external,
    token: token && {
      ...tokenFacts(provider, token, connection?.grants.scope, now()),
      ...(connection && given ? { renewal: renewsItself(connection) ? "source" : "none" } : {}),
    },
    store,
    clock: timed?.offset === undefined
      ? null
      : { offset: Math.round(timed.offset / 1000), server: new URL(timed.facts.url).host },
    settings: networkSettings((name) => runtime.getEnvironment(name)),
    endpoints: reached.map(({ facts }) => facts),
  };
}

/** The facts about a token that may be shown. */
export function tokenFacts(
  provider: Provider,
  token: StoredToken,
  asked: string | undefined,
  now: number,
): TokenFacts {
  const scope = token.scope ?? asked;
  const { grant } = provider;
  return {
    type: token.dpop_key ? "DPoP" : token.token_type,
    obtainedAt: isoDate(token.obtained_at),
    expiresAt: isoDate(token.expires_at),
    secondsLeft: Math.floor(token.expires_at - now / 1000),
    lifetime: Math.round(token.expires_at - token.obtained_at),
    ...(scope === undefined ? {} : { scope }),
    renewal: token.refresh_token !== undefined
      ? "refresh_token"
      : grant === "authorization_code" || grant === "device_code"
      ? "sign-in"
      : grant,
    bound: token.dpop_key !== undefined,
  };
}

/** Converts epoch seconds to an ISO date. A file may hold any number, so it is limited to valid dates. */
function isoDate(epochSeconds: number): string {
  return new Date(Math.max(0, Math.min(epochSeconds * 1000, 8.64e15))).toISOString();
}

async function credentialsFacts(patient: Patient): Promise<DoctorFacts["credentials"]> {
  const { profile: { runtime }, connection, source, missing, credentialsProblem } = patient;
  const who = connection ? accountOf(connection) : undefined;
  const file = await credentialsFile(patient);
  const chosen = accountInUse(patient.profile);
  return {
    source,
    ...(who === undefined ? {} : { account: who }),
    ...(chosen === undefined ? {} : { chosen }),
    missing: [...missing],
    ...(file ? { file, folder: await inspectPath(runtime, parentPath(file.path)) } : {}),
    ...(credentialsProblem ? { problem: credentialsProblem } : {}),
  };
}

/** Checks external tokens without requesting one, running a program or prompting a person. */
async function externalFacts(
  { profile, connection, now, signal }: Patient,
): Promise<ExternalFacts[]> {
  const { runtime, given, openFetch } = profile;
  const { subjectToken, clientAssertion } = externalTokens(profile);
  const tokens: [ExternalFacts["what"], string | ExternalToken | undefined][] = given
    ? [["access token", given.token]]
    : [["subject token", subjectToken], ["client assertion", clientAssertion]];
  const values = connection?.keeper.values ?? {};
  const context = { runtime, values, openFetch, timeout: REACH_TIME, signal, now };
  const facts = tokens.map(async ([what, token]): Promise<ExternalFacts[]> => {
    if (token === undefined || (typeof token === "object" && "credential" in token)) return [];
    const source = typeof token === "string" ? "option token" : placeOf(token);
    if (typeof token === "string") return [{ what, source, seen: false }];
    try {
      const end = await lookAtExternal(token, `The ${what} for ${profile.provider.title}`, context);
      const expiresAt = typeof end === "number" ? { expiresAt: isoDate(end) } : {};
      return [{ what, source, seen: end !== null, ...expiresAt }];
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      const problem = { code: error.code, message: error.message };
      return [{ what, source, seen: true, problem }];
    }
  });
  return (await Promise.all(facts)).flat();
}

/** The credentials file that exists, else the one that would be written. */
async function credentialsFile(patient: Patient): Promise<PathCondition | undefined> {
  const { runtime, place } = patient.profile;
  for (const folder of configDirectories(runtime, place.directory, place.override)) {
    for (const name of place.files) {
      const found = await inspectPath(runtime, joinPath(runtime, folder, name));
      if (found.kind !== "missing") return found;
    }
  }
  const path = credentialsPath(runtime, place);
  return path === undefined ? undefined : { path, kind: "missing" };
}

async function storeFacts({ profile, connection }: Patient): Promise<DoctorFacts["store"]> {
  const { runtime, provider } = profile;
  if (connection?.store.kept === "memory" && !connection.keeper.storeProblem) {
    return { kept: "memory" };
  }
  if (!connection) return { kept: provider.store };
  const { readers, works, problem } = await storeStatus(profile);
  const about = { readers, ...(works === null ? {} : { works }) };
  if (profile.openStored) {
    const met = connection.keeper.storeProblem;
    return {
      kept: connection.store.kept,
      ...about,
      ...(met ? told(met) : problem ? { problem } : {}),
    };
  }
  const { keeper: { storeProblem }, store, key } = connection;
  const path = await store.location(key);
  if (path === null) {
    const kept = provider.store === "memory" || !storeProblem ? "memory" : "disk";
    return { kept, ...(kept === "disk" ? about : {}), ...told(storeProblem) };
  }
  const folder = parentPath(path);
  const unsaved = storeProblem ?? await tryWriting(runtime, folder, profile.folder ?? folder);
  return {
    kept: "disk",
    ...about,
    file: await inspectPath(runtime, path),
    folder: await inspectPath(runtime, folder),
    ...(await isDamaged(runtime, path, key) ? { damaged: true } : {}),
    ...(unsaved ? told(unsaved) : problem ? { problem } : {}),
  };
}

/** Compares what was saved for the API's address with the API's metadata. Contacts only the API. */
async function addressFacts({ profile }: Patient): Promise<DoctorFacts["address"]> {
  const { runtime, provider, options } = profile;
  const timeout = Math.min(REACH_TIME, options.timeout ?? REACH_TIME);
  const found = await examineAddress(runtime, provider, { ...options, timeout });
  if (found === undefined) return undefined;
  const { learnt: { address, issuer }, path, problem } = found;
  const file = await inspectPath(runtime, path);
  return { url: address, server: issuer, file, ...told(problem) };
}

function told(problem: AuthError | null | undefined): Pick<DoctorFacts["store"], "problem"> {
  return problem ? { problem: { code: problem.code, message: problem.message } } : {};
}

async function reachAll(patient: Patient): Promise<Reached[]> {
  if (!patient.connection) return [];
  const { system, grants, keeper, plainFetch } = patient.connection;
  const options = {
    timeout: Math.min(REACH_TIME, grants.timeout),
    signal: patient.signal,
    now: patient.now,
  };
  const ask = async ({ target, otherwise }: { target: ReachTarget; otherwise?: string }) => {
    const first = await reach(target, options);
    return otherwise !== undefined && first.facts.status === 404
      ? await reach({ ...target, url: otherwise }, options)
      : first;
  };
  const endpoint = keeper.token?.token_endpoint;
  const targets = authorizationTargets(system, endpoint).map(({ what, url, otherwise }) => ({
    target: {
      what,
      url,
      title: system.provider.title,
      openFetch: grants.openFetch,
      provider: system.provider,
    },
    ...(otherwise === undefined ? {} : { otherwise }),
  }));
  const api: ReachTarget = {
    what: "API",
    url: system.apiUrl.href,
    title: system.provider.title,
    openFetch: () => ({ fetch: plainFetch, close() {} }),
  };
  return await Promise.all([...targets, { target: api }].map(ask));
}

/** What to check of the authorization server: its metadata if it has an issuer, else an endpoint. */
function authorizationTargets(
  system: System,
  endpoint: string | undefined,
): { what: ReachTarget["what"]; url: string; otherwise?: string }[] {
  const { issuer, endpoints, pastePage } = system;
  if (issuer !== undefined) {
    const { origin, pathname } = new URL(issuer);
    const path = pathname.replace(/\/$/, "");
    return [{
      what: "issuer",
      url: `${origin}${path}/.well-known/openid-configuration`,
      otherwise: `${origin}/.well-known/oauth-authorization-server${path}`,
    }];
  }
  const token = endpoints.token ?? endpoint;
  if (token !== undefined) return [{ what: "token endpoint", url: token }];
  return pastePage === undefined ? [] : [{ what: "sign-in page", url: pastePage }];
}

import { oddities, sourceText } from "../credentials/choose_credentials.ts";
import { halfFile } from "../credentials/missing_credentials.ts";
import { AuthError } from "../errors.ts";
import { findCredentials, type Found } from "../profile/find_credentials.ts";
import type { Profile } from "../profile/profile.ts";
import type { Connection } from "../renewal/connection.ts";
import { inspectPath, type PathCondition } from "../store/inspect_store.ts";
import { DoctorReport } from "./doctor_report.ts";
import { examine, type Patient } from "./examine.ts";
import type { DoctorProblem } from "./facts.ts";
import { findings } from "./findings.ts";

/**
 * Examines a system without signing in; see `doctor`.
 *
 * @param connect builds the connection that would sign in, without a person to prompt
 */
export async function examineProfile(
  profile: Profile,
  connect: (profile: Profile, found: Found) => Connection,
): Promise<DoctorReport> {
  let problem: DoctorProblem | undefined;
  const note = (error: unknown) => {
    if (!(error instanceof AuthError)) throw error;
    problem ??= { code: error.code, message: error.message };
  };
  let found: Found = { values: {}, sources: [], missing: [], file: null, given: undefined };
  let connection: Connection | null = null;
  try {
    found = await findCredentials(profile);
    const half = halfFile(found.file, found.missing);
    if (half) note(half);
  } catch (error) {
    note(error);
  }
  try {
    connection = connect(profile, withDefaults(profile, found));
    await connection.keeper.adopt();
  } catch (error) {
    note(error);
  }
  return await report({
    profile,
    source: sourceText(found.sources),
    missing: found.missing,
    credentialsProblem: problem,
    connection,
    signal: profile.options.signal,
    now: Date.now,
  });
}

/** Adds the default values, so that the servers can be checked even if a value is missing. */
function withDefaults({ provider }: Profile, found: Found): Found {
  return { ...found, values: { ...provider.defaults, ...found.values } };
}

/** Examines an open session; see `Session.doctor`. */
export async function examineSession(
  connection: Connection,
  signal: AbortSignal | undefined,
): Promise<DoctorReport> {
  return await report({
    profile: connection.profile,
    source: sourceText(connection.sources),
    missing: [],
    credentialsProblem: undefined,
    connection,
    signal,
    now: connection.now,
  });
}

async function report(patient: Patient): Promise<DoctorReport> {
  const { profile: { runtime, provider } } = patient;
  // Get this first: a sign-in needs these variables. `examine` reads others, which are optional.
  const refused = runtime.refusedVariables();
  const facts = await examine(patient);
  const certificates: Record<string, PathCondition> = {};
  for (const name of ["DENO_CERT", "NODE_EXTRA_CA_CERTS"]) {
    const path = facts.settings[name];
    if (path !== undefined) certificates[name] = await inspectPath(runtime, path);
  }
  const unprefixed = Boolean(runtime.getEnvironment("CLIENT_ID"));
  const odd = oddities(patient.connection?.keeper.values ?? {});
  const context = { provider, certificates, unprefixed, refused, odd };
  return new DoctorReport(facts, findings(facts, context), runtime.homeDirectory());
}

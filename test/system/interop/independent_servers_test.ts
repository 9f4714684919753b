/** The module against independent servers: every grant and every step, in one matrix. */
import { betterAuth } from "./better_auth_server.ts";
import { django } from "./django_server.ts";
import { doorkeeper } from "./doorkeeper_server.ts";
import { glewlwyd } from "./glewlwyd_server.ts";
import type { ServerKind } from "./independent_server.ts";
import { keycloak } from "./keycloak_server.ts";
import { matrix, passThrough, type Row, type StepName, STEPS, type Verdict } from "./scenario.ts";

const SERVERS: readonly ServerKind[] = [doorkeeper, django, glewlwyd, betterAuth, keycloak];

/** `server / grant / step`; `*` for every server or every grant. */
type Place = string;

/** Limits of a server: the outcome, and the reason. */
const knownLimits: Readonly<Record<Place, { outcome: RegExp; why: string }>> = {
  "Glewlwyd / code, loopback / logout": {
    outcome: /failed.*the refresh token lives$/,
    why: "It accepts revocations only from clients with a secret.",
  },
  "Glewlwyd / password / refused": {
    outcome: /^a wrong (secret|password): wanted/,
    why: "It refuses client and person alike with an empty body.",
  },
  ...Object.fromEntries(["refused", "sign-in"].map((step) => [
    `better-auth / device / ${step}`,
    {
      outcome: /\b415\b|unsupported_media_type/,
      why: "Its device token endpoint accepts only JSON (RFC 8628 requires a form).",
    },
  ])),
  ...Object.fromEntries(
    ["code, loopback", "code, paste", "code, openid by issuer", "device"].map((grant) => [
      `Glewlwyd / ${grant} / refused`,
      { outcome: /no way to decline/, why: "Its pages have no way to decline." },
    ]),
  ),
};

/** Outcomes that are wrong because of this module, and that a change of the grants will correct. */
const waitsForGrants: readonly Place[] = [];

const rows: Row[] = [];
/** ONECELL_INTEROP: run only servers whose names begin with one of these, separated by commas. */
const chosen = Deno.env.get("ONECELL_INTEROP")?.split(",");

function placesOf({ server, grant }: Row, step: StepName): Place[] {
  return [
    `${server} / ${grant} / ${step}`,
    `${server} / * / ${step}`,
    `* / ${grant} / ${step}`,
  ];
}

function verdictOf(row: Row, step: StepName): Verdict {
  const outcome = row.outcomes.get(step) ?? "not reached";
  const places = placesOf(row, step);
  const limit = places.map((place) => knownLimits[place]).find((limit) => limit !== undefined);
  const waits = places.some((place) => waitsForGrants.includes(place));
  if (outcome === "not reached") return "not reached";
  if (limit !== undefined) return limit.outcome.test(outcome) ? "limit" : "failed";
  if (outcome === "ok") return waits ? "stale" : "ok";
  return waits ? "waits" : "failed";
}

/** One line for every outcome that needs attention. */
function problems(some: readonly Row[], verdicts: readonly Verdict[]): string[] {
  return some.flatMap((row) =>
    STEPS.filter((step) => verdicts.includes(verdictOf(row, step))).map((step) =>
      `${placesOf(row, step)[0]} [${verdictOf(row, step)}]: ${row.outcomes.get(step)}`
    )
  );
}

for (const kind of SERVERS) {
  if (chosen && !chosen.some((name) => kind.name.toLowerCase().startsWith(name))) continue;
  const missing = await kind.missing();
  const mayBeMissing = Deno.env.get("CI") !== "true" || kind.isOptional === true;
  if (missing !== undefined && mayBeMissing) {
    Deno.stderr.writeSync(new TextEncoder().encode(`skipped: ${kind.name}: ${missing}\n`));
  }
  Deno.test({
    name: `every grant of ${kind.name}, step by step`,
    ignore: missing !== undefined && mayBeMissing,
    fn: async () => {
      if (missing !== undefined) throw new Error(`${kind.name} is to be tested here: ${missing}`);
      const folder = await Deno.makeTempDir({ prefix: "onecell-interop-" });
      try {
        await Deno.mkdir(`${folder}/server`, { mode: 0o700 });
        await using server = await kind.start(`${folder}/server`);
        const passed = await passThrough(kind.name, server, folder);
        rows.push(...passed);
        const failed = problems(passed, ["failed", "stale"]);
        if (failed.length > 0) throw new Error(`\n${failed.join("\n")}`);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

Deno.test.afterAll(() => {
  if (rows.length === 0) return;
  const waiting = problems(rows, ["waits", "limit"]);
  const text = `\n${matrix(rows, verdictOf)}\n\n${waiting.join("\n")}\n`;
  Deno.stdout.writeSync(new TextEncoder().encode(text));
});

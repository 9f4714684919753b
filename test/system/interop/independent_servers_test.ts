/** The module against servers that nobody here wrote: every grant, every step, one matrix. */
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

/** What a server itself does not do: the outcome it leads to, and why. */
const knownLimits: Readonly<Record<Place, { outcome: RegExp; why: string }>> = {
  "Glewlwyd / code, loopback / logout": {
    outcome: /failed.*the refresh token lives$/,
    why: "It takes revocations from clients with a secret alone.",
  },
  "Glewlwyd / password / refused": {
    outcome: /^a wrong (secret|password): wanted/,
    why: "It refuses client and person alike with an empty body.",
  },
  ...Object.fromEntries(["refused", "sign-in"].map((step) => [
    `better-auth / device / ${step}`,
    {
      outcome: /\b415\b|unsupported_media_type/,
      why: "Its device token endpoint takes JSON alone (RFC 8628 wants a form).",
    },
  ])),
  ...Object.fromEntries(
    ["code, loopback", "code, paste", "code, openid by issuer", "device"].map((grant) => [
      `Glewlwyd / ${grant} / refused`,
      { outcome: /no way to decline/, why: "Its pages have no answer that declines." },
    ]),
  ),
};

/** Outcomes that are wrong because of this module, and that its rework of the grants will mend. */
const waitsForGrants: readonly Place[] = [
  // `WWW-Authenticate: Bearer` beside every refusal is read before the body.
  "Doorkeeper / client credentials / refused",
  "Doorkeeper / client credentials, Basic / refused",
  "Doorkeeper / password / refused",
  "Doorkeeper / password / dead refresh",
  "Doorkeeper / code, loopback / dead refresh",
  "Doorkeeper / code, paste / dead refresh",
  "Doorkeeper / code, openid by issuer / dead refresh",
  // A refusal without a body is taken for an answer that is no token response.
  "Glewlwyd / password / dead refresh",
  "Glewlwyd / code, loopback / dead refresh",
  "Glewlwyd / code, openid by issuer / dead refresh",
  "Glewlwyd / device / dead refresh",
  // HTTP Basic with `-._~` form-encoded.
  "Glewlwyd / client credentials, Basic / refused",
  "Glewlwyd / client credentials, Basic / sign-in",
  "Doorkeeper / client credentials, Basic / sign-in",
  // A pasted refusal is taken for something that was mispasted, and asked for again.
  "* / code, paste / refused",
  // The nonce of an `openid` request is not remembered where there is no issuer.
  "Doorkeeper / code, openid by endpoints / sign-in",
  // `iss` in the answer, and no issuer in the definition.
  "Glewlwyd / code, loopback / sign-in",
  "Glewlwyd / code, paste / sign-in",
  "Keycloak / code, loopback / refused",
  "Keycloak / code, loopback / sign-in",
  "Keycloak / code, openid by endpoints / refused",
  "Keycloak / code, openid by endpoints / sign-in",
  "better-auth / code, loopback / refused",
  "better-auth / code, loopback / sign-in",
  "better-auth / code, paste / sign-in",
  // The access token ended with the refresh token: not a failure.
  "better-auth / code, loopback / logout",
  "better-auth / code, paste / logout",
  "better-auth / code, openid by issuer / logout",
  // A redirect of the metadata within one origin is not followed.
  "Django OAuth Toolkit / code, openid by issuer / refused",
  "Django OAuth Toolkit / code, openid by issuer / sign-in",
];

const rows: Row[] = [];
/** Beginnings of servers' names, separated by commas: those alone, while one is worked on. */
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

/** One line for every outcome that has to be looked at. */
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

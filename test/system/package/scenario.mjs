/**
 * Runs a task, in the same way under Node, Bun and Deno, and prints the outcome as one line of
 * JSON. The task is JSON in ONECELL_TASK; `task.ts` describes it.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import process from "node:process";
import { inspect } from "node:util";

const { module, provider, options, start, steps } = JSON.parse(process.env.ONECELL_TASK);
const auth = await import(module);

/** The action of each step, and its result. */
const STEPS = {
  async fetch(session, { url, init }) {
    const response = await session.fetch(url, init);
    return { status: response.status, body: await response.json().catch(() => null) };
  },
  token: (session) => session.token(),
  async refresh(session) {
    const before = await session.token();
    await session.refresh();
    return before !== await session.token();
  },
  verify: (session) => session.verify(),
  logout: (session) => session.logout(),
  account: (session) => ({ account: session.account, expiresAt: String(session.expiresAt) }),
  sleep: (_session, { milliseconds }) =>
    new Promise((done) => setTimeout(done, milliseconds, null)),
  /** Everything a careless `console.log` could show. */
  show(session) {
    const deep = { depth: 12, showHidden: true, getters: true, maxStringLength: Infinity };
    return [inspect(session, deep), JSON.stringify(session), String(session)].join("\n");
  },
  async load(_session, { name }) {
    const loaded = await auth.loadCredentials(name, options);
    const variables = Object.keys(process.env).filter((key) => /^(CLIENT|SPATIAFI)_/.test(key));
    return { shown: inspect(loaded, { depth: 12, showHidden: true }), variables: variables.sort() };
  },
};

/** Runs one step. An error is an outcome, too. */
async function attempt(session, step) {
  try {
    return { value: await STEPS[step.do](session, step) ?? null };
  } catch (error) {
    return failure(error);
  }
}

function failure(error) {
  const shown = inspect(error, { depth: 12, showHidden: true });
  return { code: error?.code ?? error?.name, message: String(error?.message ?? error), shown };
}

async function main() {
  // Processes that race start at the same moment.
  if (start) await new Promise((done) => setTimeout(done, start - Date.now()));
  let session = null;
  if (provider !== null) {
    try {
      const known = typeof provider === "string" ? provider : auth.defineProvider(provider);
      session = await auth.getSession(known, options);
    } catch (error) {
      return { error: failure(error), results: [] };
    }
  }
  const results = [];
  for (const step of steps) results.push(await attempt(session, step));
  return { results };
}

const report = { id: randomUUID(), ...await main() };
process.stdout.write(`\nREPORT ${JSON.stringify(report)}\n`);

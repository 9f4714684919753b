// Runs under Deno, Node and Bun: sends bodies of every kind. Prints the outcomes as JSON lines.
import process from "node:process";
import { Readable } from "node:stream";
import { createApiCall } from "../../src/http/api_call.ts";
import { createApiFetch, type Fetch } from "../../src/http/api_fetch.ts";
import type { Provider } from "../../src/providers/provider.ts";
import { currentRuntime } from "../../src/runtime/current.ts";

const [, , origin = "", answersText = "[]"] = process.argv.map((arg, index) =>
  index < 2 ? arg : JSON.parse(arg)
);
const answers = answersText as unknown as string[];
const TEXT = "the-body-0123456789";
const bytes = new TextEncoder().encode(`xx${TEXT}yy`);
const stream = () =>
  new ReadableStream({
    async pull(controller) {
      await Promise.resolve();
      controller.enqueue(new TextEncoder().encode(TEXT));
      controller.close();
    },
  });

/** Bodies that can be sent again, and bodies that cannot. */
const BODIES: Record<string, () => unknown> = {
  text: () => TEXT,
  form: () => new URLSearchParams({ body: TEXT }),
  blob: () => new Blob([TEXT]),
  formData: () => {
    const form = new FormData();
    form.append("body", TEXT);
    form.append("file", new Blob([TEXT]), "a.txt");
    return form;
  },
  buffer: () => bytes.slice(2, -2).buffer,
  view: () => bytes.subarray(2, -2),
  dataView: () => new DataView(bytes.buffer, 2, TEXT.length),
  request: () => TEXT,
  requestOfStream: () => stream(),
  stream: () => stream(),
  generator: async function* () {
    yield new TextEncoder().encode(TEXT.slice(0, 5));
    await Promise.resolve();
    yield new TextEncoder().encode(TEXT.slice(5));
  },
  nodeStream: () => Readable.from([new TextEncoder().encode(TEXT)]),
};

const runtime = await currentRuntime();
const provider = { name: "plain", title: "Plain" } as Provider;

/** Each row has its own session, because a refusal must not affect another row. */
function createSession(): Fetch {
  let number = 1;
  const token = () => ({
    version: 1 as const,
    key: "key",
    access_token: `token-${number}`,
    token_type: "Bearer",
    expires_at: 9e9,
    obtained_at: 1,
  });
  let current = token();
  return createApiFetch({
    system: {
      provider,
      endpoints: {},
      issuer: undefined,
      apiUrl: new URL(origin),
      origins: new Set([new URL(origin).origin]),
      enrolment: undefined,
      pastePage: undefined,
      pasteHosts: [],
      probe: undefined,
    },
    tokens: {
      current: () => current,
      fresh: () => Promise.resolve(current),
      renewAfterRefusal() {
        number++;
        return Promise.resolve(current = token());
      },
    },
    fetch,
    loopbackFetch: runtime.loopbackFetch,
    openFetch: () => runtime.onceFetch(),
    timeout: 10_000,
    now: Date.now,
    clock: { offset: 0 },
    loadCall: () => Promise.resolve({ createApiCall }),
  });
}

/** Makes one request and reports the outcome. */
async function run(method: string, kind: string, answer: string): Promise<void> {
  const session = createSession();
  const path = `/${answer}/${method}-${kind}`;
  // Leaves connections that the next request may reuse.
  await Promise.all([1, 2].map(async () => await (await session("/warm/x")).text()));
  const init = { method, body: BODIES[kind]?.() as BodyInit, duplex: "half" } as RequestInit;
  const sent = kind.startsWith("request")
    ? session(new Request(origin + path, init))
    : session(path, init);
  const came = await sent.then(
    async (response) => {
      await response.text();
      return response.status;
    },
    (error) => error.code ?? `${error.name}: ${error.message}`,
  );
  process.stdout.write(`${JSON.stringify({ path, came })}\n`);
}

for (const answer of answers) {
  for (const method of ["POST", "PATCH", "PUT"]) {
    await Promise.all(Object.keys(BODIES).map((kind) => run(method, kind, answer)));
  }
}
process.exit(0);

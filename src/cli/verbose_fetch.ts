import type { Runtime } from "../runtime/runtime.ts";
import { forPeople } from "./say.ts";

/** Requests that must not be sent twice get their own connection, as without `--verbose`. */
const MAY_RUN_TWICE = ["GET", "HEAD", "OPTIONS"];

/**
 * A `fetch` that reports each request on standard error: its method, its URL without query, user and
 * fragment, the status and the time. It shows neither headers nor bodies.
 */
export function verboseFetch(runtime: Runtime): typeof fetch {
  return async (input, init) => {
    const method = (init?.method ?? (input instanceof Request ? input.method : "GET"))
      .toUpperCase();
    const url = new URL(input instanceof Request ? input.url : input);
    const began = performance.now();
    const tell = (outcome: string) => {
      const took = Math.round(performance.now() - began);
      const line = `${method} ${url.origin}${url.pathname} ${outcome}, ${took} ms`;
      runtime.writeError(`onecell: ${forPeople(runtime, line)}\n`);
    };
    try {
      const response = MAY_RUN_TWICE.includes(method)
        ? await fetch(input, init)
        : await sendOnce(runtime, input, init);
      tell(String(response.status));
      return response;
    } catch (error) {
      tell("no response");
      throw error;
    }
  };
}

/** The connection stays open until the body has been read. */
async function sendOnce(
  runtime: Runtime,
  input: Parameters<typeof fetch>[0],
  init: RequestInit | undefined,
): Promise<Response> {
  const once = runtime.onceFetch();
  try {
    const { body, status, statusText, headers } = await once.fetch(input, init);
    if (body === null) once.close();
    const read = body?.pipeThrough(new TransformStream({ flush: () => once.close() })) ?? null;
    return new Response(read, { status, statusText, headers });
  } catch (error) {
    once.close();
    throw error;
  }
}

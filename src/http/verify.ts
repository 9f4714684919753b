import { AuthError } from "../errors.ts";
import { type Api, apiError, stoppable } from "./read_answer.ts";

/**
 * Calls the provider's probe, or another URL of the API, to check that the session works. Any 2xx is
 * a good response.
 *
 * @throws {AuthError} `api_error` with the status, `unsupported` without a URL; `aborted`, `timeout`;
 * else as `fetch`
 */
export async function verify(
  api: Api,
  options: { url?: string | URL | undefined; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { probe, provider } = api.system;
  const url = options.url ?? probe;
  if (url === undefined) {
    throw new AuthError(
      "unsupported",
      `${provider.title} has no probe. Give verify a small URL of the API, as { url: "/…" }.`,
    );
  }
  await stoppable(api, options.signal, async (signal) => {
    const response = await api.fetch(url, signal ? { signal } : undefined);
    if (!response.ok) {
      const what = options.url === undefined ? `${provider.title}'s probe` : provider.title;
      throw await apiError(api, response, what);
    }
    await response.body?.cancel();
  });
}

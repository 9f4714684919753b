import { AuthError } from "../errors.ts";
import type { System } from "../providers/system.ts";

/** Asks the provider's probe, which answers 200 to a working session. */
export async function verify(
  system: System,
  apiFetch: typeof fetch,
  signal?: AbortSignal,
): Promise<void> {
  const { probe, provider } = system;
  if (probe === undefined) {
    throw new AuthError(
      "unsupported",
      `${provider.title} has no probe. Call a small API URL of its own with session.fetch instead.`,
    );
  }
  const response = await apiFetch(probe, signal ? { signal } : undefined);
  await response.body?.cancel();
  if (response.status !== 200) throw apiError(response, `${provider.title}'s probe`);
}

/** An HTTP error of the API, where a response cannot be given back. */
export function apiError(response: Response, what: string): AuthError {
  const { status } = response;
  const next = status === 401
    ? "The API does not accept the token: check the scope and the API's URL."
    : status === 403
    ? "The account may not do this: ask whoever runs the API."
    : status === 404
    ? "Check the URL, and ids in it such as the tenant's."
    : "Try again later.";
  return new AuthError("api_error", `${what} answered HTTP ${status}. ${next}`, { status });
}

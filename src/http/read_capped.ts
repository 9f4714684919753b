import { AuthError } from "../errors.ts";

/** The largest answer of an authorization server that is read, in bytes. */
export const BODY_LIMIT = 1_048_576;

/**
 * Reads a whole body of at most {@linkcode BODY_LIMIT} bytes and gives back an equal response.
 *
 * @param response the answer, its body unread
 * @param what who answered, for the message
 * @throws {AuthError} `bad_response` when it is larger
 */
export async function readCapped(response: Response, what: string): Promise<Response> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  try {
    for (;;) {
      const part = await reader?.read();
      if (part === undefined || part.done) break;
      size += part.value.byteLength;
      if (size > BODY_LIMIT) {
        throw new AuthError(
          "bad_response",
          `The answer of ${what} is larger than 1 MB, so it is no token response. Check the URL.`,
          { status: response.status },
        );
      }
      chunks.push(part.value);
    }
  } catch (error) {
    await reader?.cancel().catch(() => {});
    throw error;
  }
  const body = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.byteLength;
  }
  const bodiless = response.status === 204 || response.status === 205 || response.status === 304;
  return new Response(bodiless ? null : body, {
    status: response.status,
    headers: response.headers,
  });
}

import { AuthError } from "../errors.ts";

/** The largest answer of an authorization server that is read, in bytes. */
export const BODY_LIMIT = 1_048_576;

/**
 * Reads a whole body of at most {@linkcode BODY_LIMIT} bytes as text.
 *
 * @param response the answer, its body unread
 * @param what who answered, for the message
 * @throws {AuthError} `bad_response` when it is larger
 */
export async function readCapped(response: Response, what: string): Promise<string> {
  if (isSmall(response.headers)) return await response.text();
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  const reader = response.body?.getReader();
  try {
    for (;;) {
      const part = await reader?.read();
      if (part === undefined || part.done) return text + decoder.decode();
      size += part.value.byteLength;
      if (size > BODY_LIMIT) {
        throw new AuthError(
          "bad_response",
          `The answer of ${what} is larger than 1 MB, so it is no token response. Check the URL.`,
          { status: response.status },
        );
      }
      text += decoder.decode(part.value, { stream: true });
    }
  } catch (error) {
    await reader?.cancel().catch(() => {});
    throw error;
  }
}

/** HTTP itself keeps a body to the length that was announced, unless it is compressed. */
function isSmall(headers: Headers): boolean {
  const length = headers.get("content-length");
  return length !== null && Number(length) <= BODY_LIMIT && !headers.has("content-encoding");
}

import assert from "node:assert/strict";
import { AuthError, type AuthErrorCode } from "../../src/errors.ts";

/** Returns the {@linkcode AuthError} with this code that a promise rejects with. Anything else fails. */
export async function rejects(
  promise: Promise<unknown>,
  code: AuthErrorCode,
  message?: RegExp,
): Promise<AuthError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  assert("error" in outcome, `expected ${code}, and it was fulfilled`);
  return isAuthError(outcome.error, code, message);
}

/** The same for a function that throws. */
export function throws(action: () => unknown, code: AuthErrorCode, message?: RegExp): AuthError {
  try {
    action();
  } catch (error) {
    return isAuthError(error, code, message);
  }
  assert.fail(`expected ${code}, and nothing was thrown`);
}

function isAuthError(error: unknown, code: AuthErrorCode, message?: RegExp): AuthError {
  assert(error instanceof AuthError, `expected an AuthError, got ${Deno.inspect(error)}`);
  assert.equal(error.code, code, error.message);
  if (message) assert.match(error.message, message);
  return error;
}

/** Measures an action, in milliseconds. */
export async function elapsed(action: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await action();
  return performance.now() - started;
}

/** Waits until a condition is true. Fails after five seconds. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!isSo()) {
    assert(performance.now() < deadline, `waited too long for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

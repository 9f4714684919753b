import assert from "node:assert/strict";
import { getSession, type Session } from "../../mod.ts";
import { until } from "../support/rejects.ts";
import { createWorld, type World } from "../support/world.ts";

/** Waits until the API has received this many requests. */
export async function inHand({ sandbox }: World, count: number): Promise<void> {
  await until("the requests", () => sandbox.count("plantpredict.api") === count);
  // Requests are counted on arrival, before they are checked. Shortly after, all of them wait for a response.
  await pause(150);
}

/** A session with the sandbox. */
export async function withSession(
  use: (session: Session, world: World) => Promise<void>,
): Promise<void> {
  await using world = await createWorld("plantpredict");
  const { options, credentials } = world;
  await use(await getSession("plantpredict", { ...options, credentials }), world);
  assert.deepEqual(world.sandbox.errors, []);
}

/** Options for tests that do not look at progress. */
export const QUIET = { progress: false } as const;

/** Requests an item from the API, which echoes its name. */
export async function info(item: unknown, _: number, session: Session): Promise<string> {
  return (await (await session.fetch(`/api/info?item_id=${item}`)).json()).item_id;
}

/** Waits this many milliseconds. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}

/** The numbers from 0. */
export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}

import { createPerson } from "./create_person.ts";
import type { Person } from "./person.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** Somebody who is not there: every question is answered with `null`. */
const nobody: Person = {
  kind: "nobody",
  browserIsLocal: false,
  ask: () => Promise.resolve(null),
  show: () => Promise.resolve(),
  open: () => Promise.resolve(false),
  interruptible: (wait) => wait(new AbortController().signal),
};

/** Who may be asked: the caller's person, nobody, or whoever sits at the notebook or terminal. */
export function personFor(
  options: { person?: Person; interactive?: boolean },
  runtime: Runtime,
): Person {
  if (options.interactive === false) return nobody;
  return options.person ?? createPerson(runtime);
}

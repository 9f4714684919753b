import type { Person } from "./notebook/person.ts";
import type { Runtime } from "./runtime/runtime.ts";
import type { Session } from "./session.ts";

/** The person at the edge of one sign-in: introduced when first needed, told how it ended. */
export interface Edge {
  person(): Promise<Person>;
  /** Shows how it ended, if anybody was asked. */
  signedIn(session: Session, title: string): Promise<void>;
}

/** Nobody is looked for, and no card loaded, before there is something to ask. */
export function createEdge(
  options: { person?: Person; interactive?: boolean },
  runtime: Runtime,
): Edge {
  let found: Promise<Person> | undefined;
  return {
    person: () =>
      found ??= import("./person_for.ts").then(({ personFor }) => personFor(options, runtime)),
    async signedIn(session, title) {
      if (found === undefined) return;
      const { signedInCard } = await import("./session_card.ts");
      await (await found).show(await signedInCard(session, title));
    },
  };
}

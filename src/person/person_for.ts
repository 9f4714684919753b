import type { Person as GivenPerson } from "../interface/person.ts";
import { renderCard } from "./card.ts";
import { createPerson } from "./create_person.ts";
import type { Person } from "./person.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** An absent person: every prompt returns `null`. */
const nobody: Person = {
  kind: "nobody",
  browserIsLocal: false,
  ask: () => Promise.resolve(null),
  show: () => Promise.resolve(),
  open: () => Promise.resolve(false),
  interruptible: (wait) => wait(new AbortController().signal),
};

/** Returns whom to prompt: the caller's person, nobody, or the person at the notebook or terminal. */
export function personFor(
  { interactive, person }: { interactive?: boolean; person?: GivenPerson },
  runtime: Runtime,
): Person {
  if (interactive === false) return nobody;
  if (person === undefined) return createPerson(runtime);
  // A person from this module, such as the command's, draws its own cards.
  return isOwn(person) ? person : attended(person);
}

const isOwn = (person: object): person is Person => "interruptible" in person;

/** Adapts a caller's person, who sees cards as text, to the interface that a sign-in needs. */
function attended(person: GivenPerson): Person {
  return {
    kind: "notebook",
    browserIsLocal: person.open !== undefined,
    ask: async (question) => await person.ask(question),
    async show(state) {
      const { text } = renderCard(state, Date.now());
      await person.show?.({ kind: state.kind, title: state.title, text });
    },
    open: async (url) => await person.open?.(url) ?? false,
    interruptible: (wait) => wait(new AbortController().signal),
  };
}

import type { Person as PublicPerson } from "../../mod.ts";
import type { CardState, Person, Question } from "../../src/person/person.ts";

/** What a scripted person types: a text, or what makes one when asked. */
export type Answer = string | null | ((question: string) => string | null | Promise<string | null>);

/** How a person is played. */
export interface Script {
  /** What they type, in order; afterwards nobody is there. */
  answers?: Answer[];
  /** What they do when a card is shown, such as to sign in at its link; not waited for. */
  onShow?: (state: CardState) => unknown;
  /** Whether a browser on this machine can reach a loopback port. */
  browserIsLocal?: boolean;
}

/**
 * A person who is played by a script, with a record of what they saw: one of the module's own, which is
 * shown cards, and goes where a caller's may.
 */
export type ScriptedPerson = Person & PublicPerson & Records;

interface Records {
  /** What was asked, and whether the answer was masked. */
  readonly asked: { text: string; secret: boolean }[];
  /** The same questions, whole. */
  readonly questions: Question[];
  readonly shown: CardState[];
  /** Links the module tried to open. */
  readonly opened: string[];
  /** Presses the stop button, which ends this wait or the next. */
  stop(reason: unknown): void;
  /** The promises of `onShow`, and what it threw. */
  settled(): Promise<void>;
}

/** Plays a person by a script. */
export function scriptedPerson(script: Script = {}): ScriptedPerson {
  const asked: ScriptedPerson["asked"] = [];
  const questions: Question[] = [];
  const shown: CardState[] = [];
  const opened: string[] = [];
  const answers = [...script.answers ?? []];
  const stop = new AbortController();
  const actions: Promise<unknown>[] = [];
  const person: Person & Records = {
    kind: "notebook",
    browserIsLocal: script.browserIsLocal ?? false,
    asked,
    questions,
    shown,
    opened,
    async ask(question) {
      const { text, secret } = question;
      questions.push(question);
      asked.push({ text, secret });
      const answer = answers.shift() ?? null;
      return typeof answer === "function" ? await answer(text) : answer;
    },
    show(state) {
      shown.push(state);
      actions.push(Promise.resolve().then(() => script.onShow?.(state)));
      return Promise.resolve();
    },
    open(url) {
      opened.push(url);
      return Promise.resolve(true);
    },
    interruptible: (wait) => wait(stop.signal),
    stop: (reason) => stop.abort(reason),
    settled: async () => void await Promise.all(actions),
  };
  return person as ScriptedPerson;
}

/** A question, where nothing but its text and its mask matters. */
export function question(text: string, secret: boolean): Question {
  return { field: text.toLowerCase().replaceAll(" ", "_"), text, secret, host: "auth.example.com" };
}

/** What a scripted person does with a link card, as a browser would. */
export function onLink(
  action: (url: string) => unknown,
): NonNullable<Script["onShow"]> {
  return (state) => state.kind === "link" ? action(state.url) : undefined;
}

/** The page to which the opened address redirects. It does so once, and does not contain the page's URL. */
export async function enter(opened: string): Promise<string> {
  const response = await fetch(opened, { redirect: "manual" });
  await response.body?.cancel();
  return response.headers.get("location") ?? "";
}

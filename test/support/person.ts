import type { Person as PublicPerson } from "../../mod.ts";
import type { CardState, Person, Question } from "../../src/person/person.ts";

/** An answer of a scripted person: a text, or a function that returns one. */
export type Answer = string | null | ((question: string) => string | null | Promise<string | null>);

/** The script for a person. */
export interface Script {
  /** Their answers, in order. Afterwards nobody is there. */
  answers?: Answer[];
  /** Their reaction to a card, such as signing in at its link. It is not waited for. */
  onShow?: (state: CardState) => unknown;
  /** True if a browser on this machine can reach a loopback port. */
  browserIsLocal?: boolean;
}

/**
 * A scripted person, with a record of what they saw. It can replace a person of the module, who is shown
 * cards, and one that a caller passes.
 */
export type ScriptedPerson = Person & PublicPerson & Records;

interface Records {
  /** The prompts, and whether each answer was masked. */
  readonly asked: { text: string; secret: boolean }[];
  /** The complete prompts. */
  readonly questions: Question[];
  readonly shown: CardState[];
  /** Links that the module tried to open. */
  readonly opened: string[];
  /** Presses the stop button, which ends this wait or the next. */
  stop(reason: unknown): void;
  /** Waits for the promises of `onShow`, and throws their errors. */
  settled(): Promise<void>;
}

/** Creates a person from a script. */
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

/** A prompt in a test that uses only its text and its mask. */
export function question(text: string, secret: boolean): Question {
  return { field: text.toLowerCase().replaceAll(" ", "_"), text, secret, host: "auth.example.com" };
}

/** A scripted person's reaction to a link card, like a browser. */
export function onLink(
  action: (url: string) => unknown,
): NonNullable<Script["onShow"]> {
  return (state) => state.kind === "link" ? action(state.url) : undefined;
}

/** The page that the opened address redirects to. It redirects once, and does not contain the page's URL. */
export async function enter(opened: string): Promise<string> {
  const response = await fetch(opened, { redirect: "manual" });
  await response.body?.cancel();
  return response.headers.get("location") ?? "";
}

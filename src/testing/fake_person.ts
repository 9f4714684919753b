import { AuthError } from "../errors.ts";
import type { Notice, Person, Question } from "../interface/person.ts";

/** A person who is played, with a record of what they met. */
export interface FakePerson extends Person {
  /** The questions, in their order. */
  readonly asked: readonly Question[];
  /** What was shown, in its order. */
  readonly shown: readonly Notice[];
  /** The links that were to be opened. */
  readonly opened: readonly string[];
}

/**
 * Plays a person for `getSession`'s option `person`.
 *
 * @param answers what they type, by the field that is asked for, such as `{ username, password }`
 * @param open what they do with a link, such as `sandbox.completeSignIn`; without it there is no browser
 * on this machine
 * @throws {AuthError} `invalid_argument`, from a question without an answer
 */
export function fakePerson(
  answers: Readonly<Record<string, string>> = {},
  open?: (url: string) => unknown,
): FakePerson {
  const asked: Question[] = [];
  const shown: Notice[] = [];
  const opened: string[] = [];
  const person: FakePerson = {
    asked,
    shown,
    opened,
    ask(question) {
      asked.push(question);
      const { field, text } = question;
      if (Object.hasOwn(answers, field)) return Promise.resolve(answers[field] as string);
      return Promise.reject(
        new AuthError(
          "invalid_argument",
          `fakePerson has no answer for "${field}" (${text}). Give it as fakePerson({ ${field}: "…" }).`,
        ),
      );
    },
    show: (notice) => void shown.push(notice),
  };
  if (open === undefined) return person;
  return {
    ...person,
    async open(url) {
      opened.push(url);
      await open(url);
      return true;
    },
  };
}

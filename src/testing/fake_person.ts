import { AuthError } from "../errors.ts";
import type { Notice, Person, Question } from "../interface/person.ts";

/** A fake person, with a record of what they were asked and shown. */
export interface FakePerson extends Person {
  /** The prompts, in order. */
  readonly asked: readonly Question[];
  /** What was shown, in order. */
  readonly shown: readonly Notice[];
  /** The links that were opened. */
  readonly opened: readonly string[];
}

/**
 * A fake person for the option `person` of `getSession`.
 *
 * @param answers what they type, by field, such as `{ username, password }`
 * @param open opens a link, such as `sandbox.completeSignIn`; without it, this machine has no browser
 * @throws {AuthError} `invalid_argument` if a prompt has no answer
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
          `fakePerson has no answer for "${field}" (${text}). Pass one: fakePerson({ ${field}: "…" }).`,
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

import { AuthError } from "../errors.ts";
import { AT_COMMAND, type CardState, type Person } from "../person/person.ts";
import { createPerson } from "../person/create_person.ts";
import { listen } from "../person/kernel.ts";
import type { Context } from "./command.ts";

/** What the command line has already answered. */
export interface GivenAnswers {
  username?: string | undefined;
  password?: string | undefined;
}

/** Cards of a sign-in in progress. The command reports how it ended, so that nothing is said twice. */
export const ASKING: readonly CardState["kind"][] = ["starting", "link", "device"];

/**
 * The person at the terminal. They are not asked what the command line has answered. Ctrl-C or SIGTERM at a
 * prompt ends the command, as at any other time.
 *
 * @param shown which cards to show; every command reports its own failure
 */
export function terminalPerson(
  { host, interrupt, signal }: Pick<Context, "host" | "interrupt" | "signal">,
  given: GivenAnswers,
  shown: readonly CardState["kind"][] = [...ASKING, "signed_in"],
): Person {
  const { runtime } = host;
  // A command is not a cell, even if a notebook started it.
  const inner = createPerson(runtime, { kernel: null, advice: AT_COMMAND });
  const answers = { ...given };
  const take = (name: keyof GivenAnswers): string => {
    const answer = answers[name];
    if (answer !== undefined) {
      // For one try only: a refused value must not be sent again and again.
      answers[name] = "";
      if (answer !== "") return answer;
    }
    throw new AuthError(
      "login_refused",
      "The username or the password was refused. Check both and try again.",
    );
  };
  return {
    get kind() {
      return given.password === undefined ? inner.kind : "terminal";
    },
    get browserIsLocal() {
      return inner.browserIsLocal;
    },
    async ask(question) {
      const { field } = question;
      if (field === "password" && given.password !== undefined) {
        return take("password");
      }
      if (field === "username" && given.username !== undefined) {
        // If the rest is typed, the next try may ask for another name.
        if (answers.username !== "" || given.password !== undefined) return take("username");
      }
      // If it was stopped before the prompt, no prompt may appear.
      if (signal.aborted) throw new AuthError("aborted", "Stopped.");
      // At other times SIGTERM ends the process by itself.
      const forget = listen(runtime, () => interrupt("SIGTERM"), "SIGTERM");
      const answer = await inner.ask(question).finally(forget);
      if (answer !== null || !runtime.inputIsTerminal()) return answer;
      interrupt();
      throw new AuthError("aborted", "Stopped.");
    },
    show: (state) => shown.includes(state.kind) ? inner.show(state) : Promise.resolve(),
    open: (url) => inner.open(url),
    interruptible: (wait) => inner.interruptible(wait),
  };
}

import { shortenHome } from "../base/home_path.ts";
import { credentialsText, type Source } from "../credentials/choose_credentials.ts";
import { renderCard } from "../person/card.ts";
import { greetingOf } from "../person/greeting.ts";
import type { CardState, Person } from "../person/person.ts";

/** What a card says of a session. */
export interface ShownSession {
  /** The system's name for people. */
  title: string;
  /** Who is signed in, where that is known. */
  person: string | undefined;
  /** The client ID of the app credentials. */
  client: string | undefined;
  /** Another account than the usual one, and what chose it. */
  account?: { name: string; from: string } | undefined;
  /** Where the credentials came from. */
  sources: readonly Source[];
  apiUrl: string;
  /** `undefined` once it is signed out. */
  expiresAt: Date | undefined;
  /** False when a person has to sign in again for the next token. */
  renews: boolean;
  /** False when the token could not be saved. */
  isSaved: boolean;
  /** The user's home folder, which a shared notebook must not show. */
  home: string | undefined;
}

/** Whom a card of each session was shown to, until the session's own card takes its place. */
const greeted = new WeakMap<object, Person>();

/** Shows who is signed in to a person who has just been asked. */
export async function showSignedIn(
  session: object,
  shown: ShownSession,
  person: Person,
): Promise<void> {
  await person.show(signedInCard(shown));
  greeted.set(session, person);
}

/** The state of a card that says who is signed in. */
export function signedInCard(session: ShownSession): CardState {
  const { title, person, client, sources, apiUrl, expiresAt, renews, isSaved, home } = session;
  const { account } = session;
  const isGiven = sources.some(({ kind }) => kind === "token");
  const renewal = renews
    ? "renews automatically"
    : isGiven
    ? "pass another token after that"
    : "sign in again after that";
  return {
    kind: "signed_in",
    title: `Signed in to ${title}${person === undefined ? "" : ` as ${person}`}`,
    ...(client === undefined ? {} : { client }),
    ...(account === undefined
      ? {}
      : { account: `Account ${account.name} (chosen by ${account.from})` }),
    credentials: shortenHome(credentialsText(sources), home),
    until: expiresAt?.getTime() ?? 0,
    api: apiUrl,
    renewal: isSaved ? renewal : `${renewal}, kept in memory only`,
  };
}

/**
 * The card of a session, as a notebook's output: HTML and text. A card that the sign-in has left above
 * becomes one line: two that are equal would say everything twice.
 */
export async function sessionCard(
  session: object,
  shown: ShownSession,
  now: number,
): Promise<Record<string, string>> {
  const person = greeted.get(session);
  greeted.delete(session);
  await person?.show({ kind: "greeting", title: greetingOf(shown) }).catch(() => {});
  const state: CardState = shown.expiresAt === undefined
    ? {
      kind: "failed",
      title: `Signed out of ${shown.title}`,
      message: "To sign in again, call getSession.",
    }
    : signedInCard(shown);
  const { html, text } = renderCard(state, now);
  return { "text/html": html, "text/plain": text };
}

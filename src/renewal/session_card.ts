import { shortenHome } from "../base/text.ts";
import { credentialsText, type Source } from "../credentials/choose_credentials.ts";
import { renderCard } from "../person/card.ts";
import { greetingOf } from "../person/announce.ts";
import type { CardState, Person } from "../person/person.ts";

/** What a card says about a session. */
export interface ShownSession {
  /** The system's display name. */
  title: string;
  /** Who is signed in, if that is known. */
  person: string | undefined;
  /** The client ID of the app credentials. */
  client: string | undefined;
  /** An account other than the usual one, and what chose it. */
  account?: { name: string; from: string } | undefined;
  /** Where the credentials came from. */
  sources: readonly Source[];
  apiUrl: string;
  /** `undefined` once it is signed out. */
  expiresAt: Date | undefined;
  /** False if a person has to sign in again to get the next token. */
  renews: boolean;
  /** False if the token could not be saved. */
  isSaved: boolean;
  /** The user's home folder, which a shared notebook must not show. */
  home: string | undefined;
}

/** For each session, the person who saw its sign-in card, until the session's own card replaces it. */
const greeted = new WeakMap<object, Person>();

/** Shows who is signed in, to a person who was just prompted. */
export async function showSignedIn(
  session: object,
  shown: ShownSession,
  person: Person,
): Promise<void> {
  await person.show(signedInCard(shown));
  greeted.set(session, person);
}

/** The content of a card that says who is signed in. */
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
 * A session's card as a notebook output: HTML and text. The card that the sign-in left above shrinks to one
 * line, so that there are not two equal cards.
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

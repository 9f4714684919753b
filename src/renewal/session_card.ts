import { renderCard } from "../person/card.ts";
import type { CardState } from "../person/person.ts";

/** What a card says of a session. */
export interface ShownSession {
  title: string;
  account: string;
  /** Where the credentials came from. */
  source: string;
  apiUrl: string;
  /** `undefined` once it is signed out. */
  expiresAt: Date | undefined;
  /** False when the token could not be saved. */
  isSaved: boolean;
  /** The user's home folder, which a shared notebook must not show. */
  home: string | undefined;
}

/** The state of a card that says who is signed in. */
export function signedInCard(session: ShownSession): CardState {
  return {
    kind: "signed_in",
    title: `Signed in to ${session.title}`,
    account: session.account,
    source: withoutHome(session.source, session.home),
    until: session.expiresAt?.getTime() ?? 0,
    api: session.apiUrl,
    renewal: session.isSaved ? "renews itself" : "renews itself, kept in memory only",
  };
}

/** The card of a session, as a notebook's output: HTML and text. */
export function sessionCard(session: ShownSession, now: number): Record<string, string> {
  const state: CardState = session.expiresAt === undefined
    ? {
      kind: "failed",
      title: `Signed out of ${session.title}`,
      message: "To sign in again, call getSession.",
    }
    : signedInCard(session);
  const { html, text } = renderCard(state, now);
  return { "text/html": html, "text/plain": text };
}

/** A saved notebook is shared: the home folder in it would tell who ran it, and where. */
function withoutHome(text: string, folder: string | undefined): string {
  const home = folder?.replace(/[\\/]+$/, "");
  return home ? text.replace(`${home}/`, "~/").replace(`${home}\\`, "~\\") : text;
}

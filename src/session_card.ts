import { renderCard } from "./notebook/card.ts";
import type { CardState } from "./notebook/person.ts";
import type { Session } from "./session.ts";

/** What a card says of a session. */
export function signedInCard(session: Session, title: string): CardState {
  return {
    kind: "signed_in",
    title: `Signed in to ${title}`,
    account: session.account,
    source: session.source,
    until: session.expiresAt.getTime(),
    api: session.apiUrl,
    renewal: session.storeProblem ? "renews itself, kept in memory only" : "renews itself",
  };
}

/** The card of a session, as a notebook's output: HTML and text. */
export function sessionCard(session: Session, title: string, now: number): Record<string, string> {
  const { html, text } = renderCard(signedInCard(session, title), now);
  return { "text/html": html, "text/plain": text };
}

import { renderCard } from "./notebook/card.ts";
import type { Session } from "./session.ts";

/** The card of a session, as a notebook's output: HTML and text. */
export function sessionCard(session: Session, now: number): Record<string, string> {
  const { html, text } = renderCard({
    kind: "signed_in",
    title: session.provider,
    account: session.account,
    source: session.source,
    until: session.expiresAt.getTime(),
    api: session.apiUrl,
    renewal: session.storeProblem ? "renews itself, kept in memory only" : "renews itself",
  }, now);
  return { "text/html": html, "text/plain": text };
}

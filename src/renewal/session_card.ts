import { renderCard } from "../person/card.ts";
import type { CardState } from "../person/person.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { Session } from "../session.ts";

/** What a card says of a session. */
export async function signedInCard(session: Session, title: string): Promise<CardState> {
  return {
    kind: "signed_in",
    title: `Signed in to ${title}`,
    account: session.account,
    source: await withoutHome(session.source),
    until: session.expiresAt.getTime(),
    api: session.apiUrl,
    renewal: session.storeProblem ? "renews itself, kept in memory only" : "renews itself",
  };
}

/** The card of a session, as a notebook's output: HTML and text. */
export async function sessionCard(
  session: Session,
  title: string,
  now: number,
): Promise<Record<string, string>> {
  const state: CardState = session.toJSON()["expiresAt"] === null
    ? {
      kind: "failed",
      title: `Signed out of ${title}`,
      message: "To sign in again, call getSession.",
    }
    : await signedInCard(session, title);
  const { html, text } = renderCard(state, now);
  return { "text/html": html, "text/plain": text };
}

/** A saved notebook is shared: the home folder in it would tell who ran it, and where. */
async function withoutHome(text: string): Promise<string> {
  const home = (await currentRuntime()).homeDirectory()?.replace(/[\\/]+$/, "");
  return home ? text.replace(`${home}/`, "~/").replace(`${home}\\`, "~\\") : text;
}

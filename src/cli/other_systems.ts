import { plain } from "../base/text.ts";
import { providers } from "../providers/registry.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { type Application, listApplications, readApplication } from "../store/list_applications.ts";
import type { Paint } from "./paint.ts";
import { parseKey } from "../token/token.ts";

/** What is saved of a system that is not known by name; its definition would tell more. */
export interface OtherStatus {
  /** The system's name, as the session says it; without one, the folder's. */
  provider: string;
  /** The folder it is in. */
  folder: string;
  /** True when app credentials are saved there. */
  credentials: boolean;
  /** How many sessions are saved. */
  sessions: number;
}

/** Looks for what is saved of systems of the person's own. */
export async function otherSystems(
  runtime: Runtime,
  directory: string | undefined,
): Promise<OtherStatus[]> {
  if (directory === undefined) return (await listApplications(runtime)).flatMap(othersIn);
  const one = await readApplication(runtime, "", directory);
  return one ? othersIn(one) : [];
}

/** One folder may hold sessions of several systems, known ones too. */
function othersIn({ name, path, tokens, credentials }: Application): OtherStatus[] {
  const counts = new Map<string, number>();
  for (const { token } of tokens) {
    const system = parseKey(token.key)?.provider ?? name;
    counts.set(system, (counts.get(system) ?? 0) + 1);
  }
  const saved = credentials.length > 0;
  const others = [...counts].filter(([system]) => providers.every((one) => one.name !== system))
    .map(([provider, sessions]) => ({ provider, folder: path, credentials: saved, sessions }));
  // Without a session only the folder's name tells whose they are, and a named folder may be any.
  const isOwn = name !== "" && providers.every(({ directory }) => directory !== name);
  if (counts.size > 0 || !saved || !isOwn) return others;
  return [{ provider: name, folder: path, credentials: true, sessions: 0 }];
}

/** Nothing is judged here: whether a session renews itself is for its definition to say. */
export function othersText(others: readonly OtherStatus[], paint: Paint): string {
  if (others.length === 0) return "";
  const lines = others.map(({ provider, folder, credentials, sessions }) => {
    const kept = [
      sessions === 0 ? "no session" : sessions === 1 ? "a session" : `${sessions} sessions`,
      credentials ? "credentials" : "no credentials",
    ];
    return `- ${paint.bold(plain(provider))}: ${kept.join(", ")} in ${plain(folder)}\n`;
  });
  return lines.join("") +
    "  More on a system of your own: onecell status --provider FILE\n";
}

// A user's script: signs in with getSession and calls the API. Prints the outcomes as JSON lines.
import { getSession } from "../../mod.ts";

const [system = "", directory = "", seconds = 0] = Deno.args.map((arg) => JSON.parse(arg));
const session = await getSession(system, { directory, interactive: false });
const until = Date.now() + seconds * 1000;
let calls = 0;
do {
  const response = await session.fetch("/api/info?item_id=x");
  await response.body?.cancel();
  if (!response.ok) throw new Error(`the API answered ${response.status}`);
  calls++;
  await new Promise((resolve) => setTimeout(resolve, seconds === 0 ? 0 : Math.random() * 60));
} while (Date.now() < until);
Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify({ calls })}\n`));

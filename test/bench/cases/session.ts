// A notebook's first cell. With a token on disk it measures a cached start, otherwise a sign-in.
import { getSession } from "@onecell/auth";

const session = await getSession("spatiafi");
const response = await session.fetch("/api/info?item_id=bench");
if (!response.ok) throw new Error(`HTTP ${response.status}`);
await response.json();

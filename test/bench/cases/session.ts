// What a notebook's first cell does. Whether a token is on disk decides which start it is.
import { getSession } from "@onecell/auth";

const session = await getSession("spatiafi");
const response = await session.fetch("/api/info?item_id=bench");
if (!response.ok) throw new Error(`HTTP ${response.status}`);
await response.json();

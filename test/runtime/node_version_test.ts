import { checkNodeVersion } from "../../src/runtime/node.ts";
import { throws } from "../support/rejects.ts";
import { eachRow, test } from "../support/tests.ts";

test("a Node release that is too old is refused before any prompt", () =>
  eachRow([
    // Debian 12 with NodeSource 20: the password was typed, and then `Promise.withResolvers` was missing.
    { name: "20.20.2", isOld: true },
    { name: "22.12.0", isOld: true },
    { name: "22.13.0", isOld: false },
    { name: "24.0.0-nightly", isOld: false },
    { name: "100.1.0", isOld: false },
  ], ({ name, isOld }) => {
    const check = () => checkNodeVersion(name);
    if (isOld) throws(check, "unsupported", /needs Node 22\.13/);
    else check();
  }));

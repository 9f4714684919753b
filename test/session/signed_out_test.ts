/** A log-out in one kernel is a log-out: another one that still runs brings nothing back (14.6). */
import { MemoryDriver } from "../../src/store/writing.ts";
import { checkSignedOut } from "../support/signed_out.ts";
import { test } from "../support/tests.ts";

test("what one kernel signs out no other one writes back: files", () => checkSignedOut("disk"));

test("what one kernel signs out no other one writes back: a store that both were given", () =>
  checkSignedOut(new MemoryDriver()));

/** After a log-out in one kernel, another one that still runs does not save the session again (14.6). */
import { MemoryDriver } from "../../src/store/writing.ts";
import { checkSignedOut } from "../support/signed_out.ts";
import { test } from "../support/tests.ts";

test("a session signed out in one kernel is not saved again by another: files", () =>
  checkSignedOut("disk"));

test("a session signed out in one kernel is not saved again by another: a shared store", () =>
  checkSignedOut(new MemoryDriver()));

/**
 * How to test a program that uses `@onecell/auth`: `deno test -A examples/testing_test.ts`.
 *
 * @module
 */
import { AuthError, getSession, type Session } from "@onecell/auth";
import { fakePerson, fakeSession, startSandbox } from "@onecell/auth/testing";
import assert from "node:assert/strict";

/** The program under test. */
async function titleOf(session: Session, item: string): Promise<string> {
  const { title } = await session.json<{ title: string }>("/api/info", {
    query: { item_id: item },
  });
  return title;
}

Deno.test("the program requests the item, with a token", async () => {
  const seen: Request[] = [];
  const session = fakeSession((request) => {
    seen.push(request);
    return Response.json({ title: "Floods" });
  });
  assert.equal(await titleOf(session, "flood risk"), "Floods");
  assert.equal(seen[0]?.url, "https://api.example.com/api/info?item_id=flood+risk");
  assert.match(seen[0]?.headers.get("authorization") ?? "", /^Bearer /);
});

Deno.test("the program passes on an error of the API", async () => {
  const session = fakeSession(() => new Response("no such item", { status: 404 }));
  const isNotFound = (error: unknown) => AuthError.is(error, "api_error") && error.status === 404;
  await assert.rejects(titleOf(session, "nothing"), isNotFound);
});

Deno.test("the program works after a real sign-in, against the sandbox", async () => {
  await using sandbox = await startSandbox({ systems: ["spatiafi"] });
  const [{ username = "", password = "" } = {}] = sandbox.users;
  const directory = await Deno.makeTempDir();
  const session = await getSession("spatiafi", {
    directory,
    authUrl: sandbox.environment["SPATIAFI_AUTH_URL"],
    apiUrl: sandbox.environment["SPATIAFI_API_URL"],
    person: fakePerson({ username, password }),
  });
  assert.equal(typeof await titleOf(session, "flood-risk"), "string");
  await Deno.remove(directory, { recursive: true });
});

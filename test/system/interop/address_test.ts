/** Signing in to an API by its address, at an independent authorization server. */
import assert from "node:assert/strict";
import { getSession } from "../../../mod.ts";
import { TestFolder } from "../../support/folder.ts";
import { onLink, scriptedPerson } from "../../support/person.ts";
import { rejects } from "../../support/rejects.ts";
import { keycloak } from "./keycloak_server.ts";

const missing = await keycloak.missing();
const isChosen = (Deno.env.get("ONECELL_INTEROP") ?? keycloak.name).startsWith(keycloak.name);
if (missing !== undefined) {
  // deno-lint-ignore no-console
  console.log(`skipped: an address whose server is ${keycloak.name}: ${missing}`);
}

Deno.test({
  name: "an API whose server is Keycloak: refused at first, then it registers a client",
  ignore: missing !== undefined || !isChosen,
  async fn() {
    await using folder = await TestFolder.make();
    await using server = await keycloak.start(folder.path);
    const { issuer } = server.grants.find(({ definition }) => definition.issuer)?.definition ?? {};
    let userinfo = "";
    let asked = 0;
    await using api = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async (request) => {
        const { origin, pathname } = new URL(request.url);
        if (pathname.startsWith("/.well-known/")) {
          asked++;
          const resource = { resource: origin, authorization_servers: [issuer] };
          return Response.json({ ...resource, scopes_supported: ["openid", "profile"] });
        }
        if (userinfo === "") return new Response(null, { status: 401 });
        const authorization = request.headers.get("authorization") ?? "";
        const known = await fetch(userinfo, { headers: { authorization } });
        return known.ok
          ? new Response(known.body, { headers: { "content-type": "application/json" } })
          : (await known.body?.cancel(), new Response(null, { status: 401 }));
      },
    );
    const address = `http://127.0.0.1:${api.addr.port}/`;
    const directory = folder.at("saved");
    const play = (answers: string[]) =>
      scriptedPerson({
        browserIsLocal: true,
        answers,
        onShow: onLink(async (url) => {
          const back = await server.signIn?.(url, "allow");
          await (await fetch(back ?? "")).body?.cancel();
        }),
      });

    // By default, Keycloak registers no unknown client, so the prompt asks for the client ID and says why.
    const refused = play(["yes", ""]);
    await rejects(getSession(address, { directory, person: refused }), "cancelled");
    const card = refused.shown.find((state) => state.kind === "starting" && state.problem);
    assert(card?.kind === "starting");
    assert.match(card.problem ?? "", /does not register this program.*Trusted Hosts/);

    ({ userinfo } = await server.openRegistration?.() ?? { userinfo: "" });
    const person = play([]);
    const session = await getSession(address, { directory, person });
    assert.equal(
      (await session.json<{ preferred_username: string }>("")).preferred_username,
      "ada",
    );
    assert.deepEqual(person.questions, [], "this was agreed on before");
    const { length } = await Array.fromAsync(Deno.readDir(directory));
    assert(length >= 3, "client, agreement, token");

    const before = asked;
    const second = await getSession(address, { directory, interactive: false });
    await second.refresh();
    assert.equal((await second.json<{ preferred_username: string }>("")).preferred_username, "ada");
    assert.equal(asked, before, "nothing is read again");
    const { refreshToken } = await second.logout();
    assert.equal(refreshToken, "revoked");
  },
});

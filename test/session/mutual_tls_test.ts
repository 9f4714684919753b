import assert from "node:assert/strict";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { getSession } from "../../mod.ts";
import { TestFolder } from "../support/folder.ts";
import { call } from "../support/call.ts";
import { plainProvider } from "../support/parts.ts";
import { rejects } from "../support/rejects.ts";
import { test } from "../support/tests.ts";

/** A key and a certificate, created for this run. */
async function identity(folder: TestFolder, name: string): Promise<{ key: string; cert: string }> {
  const [key, cert] = [folder.at(`${name}.key`), folder.at(`${name}.crt`)];
  const { success, stderr } = await new Deno.Command("openssl", {
    // deno-fmt-ignore
    args: [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
      "-days", "1", "-subj", `/CN=${name}`, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
      "-addext", "basicConstraints=critical,CA:FALSE",
      "-keyout", key, "-out", cert,
    ],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return { key: await Deno.readTextFile(key), cert: await Deno.readTextFile(cert) };
}

test("mutual TLS: the option fetch presents the certificate, to the token endpoint and to the API", async () => {
  await using folder = await TestFolder.make();
  const own = await identity(folder, "server");
  const client = await identity(folder, "the-client");
  const forms: string[] = [];
  const server = https.createServer(
    { ...own, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const name = (request.socket as TLSSocket).getPeerCertificate().subject?.CN;
      let body = "";
      request.on("data", (part) => body += part);
      request.on("end", () => {
        forms.push(body);
        const isKnown = name === "the-client";
        response.writeHead(isKnown ? 200 : 401, { "content-type": "application/json" });
        response.end(JSON.stringify(isKnown ? { access_token: "t" } : { error: "invalid_client" }));
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const provider = plainProvider({
      apiUrl: url,
      authUrl: url,
      clientAuthentication: "tls_client_auth",
    });
    const signIn = (http: Deno.HttpClient) =>
      getSession(provider, {
        credentials: { client_id: "c" },
        directory: folder.path,
        interactive: false,
        fetch: (input, init) => fetch(input, { ...init, client: http }),
      });
    using stranger = Deno.createHttpClient({ caCerts: [own.cert] });
    await rejects(signIn(stranger), "client_refused", /certificate that the option fetch presents/);
    using known = Deno.createHttpClient({ caCerts: [own.cert], ...client });
    const session = await signIn(known);
    assert.equal((await call(session, "/")).status, 200);
    assert.equal(forms[1], "grant_type=client_credentials&client_id=c");
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

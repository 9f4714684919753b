import assert from "node:assert/strict";
import { getSession } from "../../mod.ts";
import { startSandbox } from "../../examples/sandbox/mod.ts";
import { rejects } from "../support/rejects.ts";
import { test } from "../support/tests.ts";

/** A key and an untrusted certificate, created for this run. */
async function selfSigned(folder: string): Promise<{ key: string; cert: string }> {
  const key = `${folder}/key.pem`;
  const cert = `${folder}/cert.pem`;
  const { success, stderr } = await new Deno.Command("openssl", {
    // deno-fmt-ignore
    args: [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
      "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
      "-keyout", key, "-out", cert,
    ],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return { key: await Deno.readTextFile(key), cert: await Deno.readTextFile(cert) };
}

const credentials = { client_id: "somebody", client_secret: crypto.randomUUID() };

test("a certificate that is not trusted is a tls error, at the token endpoint and at the API", async () => {
  const folder = await Deno.makeTempDir();
  const requests: string[] = [];
  const server = Deno.serve({
    port: 0,
    hostname: "127.0.0.1",
    ...await selfSigned(folder),
    onListen: () => {},
    onError: () => new Response(null, { status: 500 }),
  }, (request) => {
    requests.push(request.url);
    return new Response();
  });
  try {
    const url = `https://127.0.0.1:${server.addr.port}`;
    const options = { directory: folder, interactive: false, apiUrl: url };
    const error = await rejects(
      getSession("plantpredict", { ...options, credentials, authUrl: url }),
      "tls",
      /DENO_CERT.*NODE_EXTRA_CA_CERTS.*DENO_TLS_CA_STORE/,
    );
    assert(!Deno.inspect(error, { depth: Infinity }).includes(credentials.client_secret));

    await using sandbox = await startSandbox({ systems: ["plantpredict"] });
    const { clientId, clientSecret } = sandbox.client("plantpredict");
    const s = await getSession("plantpredict", {
      ...options,
      credentials: { client_id: clientId, client_secret: clientSecret },
      authUrl: sandbox.environment["PLANTPREDICT_AUTH_URL"] ?? "",
    });
    await rejects(s.fetch("/"), "tls", /DENO_CERT/);
    assert.deepEqual(requests, [], "something was sent all the same");
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
});

test("a network error names the proxy", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const url = `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`;
  listener.close(); // nothing listens there now
  const folder = await Deno.makeTempDir();
  try {
    await rejects(
      getSession("plantpredict", {
        directory: folder,
        interactive: false,
        credentials,
        authUrl: url,
        apiUrl: url,
      }),
      "network",
      /HTTPS_PROXY/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

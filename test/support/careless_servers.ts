import { type Arrival, json, type Respond } from "./fake_server.ts";
import { canary } from "./secrets.ts";

/** Everything that arrived, as a careless server repeats it. */
function everything({ form, headers }: Arrival): string {
  return `${form} ${[...form].flat().join(" ")} ${[...headers].flat().join(" ")}`;
}

const html = { "content-type": "text/html" };
const asJson = { "content-type": "application/json" };

/** Servers that repeat the request, each in another place of the response. */
export const CARELESS_SERVERS: readonly { name: string; respond: Respond }[] = [
  {
    name: "repeats the request in error_description",
    respond: (a) => json({ error: "invalid_request", error_description: everything(a) }, 400),
  },
  {
    name: "repeats one value",
    respond: (a) => {
      const value = [...a.form.values()].at(-1) ?? "";
      return json({ error: "invalid_grant", error_description: `not ${value}.` }, 400);
    },
  },
  {
    name: "decodes Basic and repeats the half of it",
    respond: (a) => {
      const basic = a.headers.get("authorization")?.replace(/^Basic /, "") ?? "";
      const text = /^[A-Za-z0-9+/=]+$/.test(basic) ? atob(basic) : basic;
      return json({ error: "invalid_client", error_description: text.slice(0, -20) }, 401);
    },
  },
  {
    name: "repeats it as the error's name",
    respond: (a) => json({ error: everything(a), error_uri: everything(a) }, 400),
  },
  {
    name: "repeats it in a page with 500",
    respond: (a) => new Response(everything(a), { status: 500, headers: html }),
  },
  { name: "repeats it with 200", respond: (a) => new Response(everything(a), { headers: html }) },
  {
    name: "repeats it as broken JSON",
    respond: (a) => new Response(`{"x":"${everything(a)}`, { headers: asJson }),
  },
  {
    name: "repeats it as a token's type",
    respond: (a) => json({ access_token: canary(), token_type: everything(a) }),
  },
  {
    name: "repeats it as a scope",
    respond: (a) => json({ access_token: 5, token_type: "bearer", scope: everything(a) }),
  },
  {
    name: "repeats it in WWW-Authenticate",
    respond: (a) => {
      const safe = everything(a).replace(/[^\x20-\x7e]|["\\]/g, "");
      const challenge =
        `Bearer realm="${safe}", error="invalid_client", error_description="${safe}"`;
      return new Response("{}", {
        status: 401,
        headers: { ...asJson, "www-authenticate": challenge },
      });
    },
  },
  {
    name: "redirects with it",
    respond: (a) => {
      const location = `https://elsewhere.example/?${a.form}`;
      return new Response(null, { status: 302, headers: { location } });
    },
  },
  {
    name: "breaks off",
    respond: (a) =>
      Promise.reject(new TypeError(`error sending request for url (${a.url}?${a.form})`)),
  },
];

/**
 * The pages that a browser shows after a redirect to this machine. They run no script, their texts are our
 * own, and they contain nothing from the request.
 */
export function answerPage(status: number, heading: string, text: string): Response {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${heading}</title>` +
    `<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">` +
    `<body style="font:1rem/1.5 system-ui,sans-serif;margin:18vh auto;max-width:26rem;padding:0 1.5rem">` +
    `<main><h1 style="font-size:1.5rem;margin:0 0 .5rem">${heading}</h1>` +
    `<p style="margin:0">${text}</p></main></body></html>`;
  return new Response(html, {
    status,
    headers: { ...CAREFUL, "content-type": "text/html; charset=utf-8" },
  });
}

/** Redirects the browser to the sign-in page. */
export function forwardTo(url: string): Response {
  return new Response(null, { status: 302, headers: { ...CAREFUL, location: url } });
}

/** Headers against caching, framing, content sniffing and referrers. */
const CAREFUL = {
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "x-frame-options": "DENY",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
  "connection": "close",
};

/**
 * The page a browser shows after a redirect to this machine: a page that does nothing. Its texts are
 * our own, and hold nothing that came with the request.
 */
export function answerPage(status: number, heading: string, text: string): Response {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${heading}</title>` +
    `<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">` +
    `<body style="font:1rem/1.5 system-ui,sans-serif;margin:18vh auto;max-width:26rem;padding:0 1.5rem">` +
    `<main><h1 style="font-size:1.5rem;margin:0 0 .5rem">${heading}</h1>` +
    `<p style="margin:0">${text}</p></main></body></html>`;
  return new Response(html, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
      "connection": "close",
    },
  });
}

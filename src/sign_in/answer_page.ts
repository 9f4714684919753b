/** The page a browser shows after a redirect to this machine: plain text in a page that does nothing. */
export function answerPage(status: number, text: string): Response {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign-in</title>` +
    `<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">` +
    `<body style="font:1.1rem system-ui,sans-serif;margin:15vh auto;max-width:32rem;padding:0 1rem">` +
    `<p>${text}</p></body></html>`;
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

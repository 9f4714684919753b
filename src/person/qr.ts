/**
 * Draws a link as a QR code: black on white, with a white border.
 *
 * @param url the link to draw
 * @returns a `data:image/svg+xml;base64,` URI, or `undefined` if it cannot be drawn
 */
export async function qrDataUri(url: string): Promise<string | undefined> {
  try {
    const { renderSVG } = await import("uqr");
    const svg = renderSVG(url, { ecc: "L", border: 4, whiteColor: "#fff", blackColor: "#000" });
    return `data:image/svg+xml;base64,${btoa(svg)}`;
  } catch {
    // Offline before the first download, or the link is too long for a code. The card still shows the link.
    return undefined;
  }
}

import { escapeHtml, page } from "./html_page.ts";
import type { ClientModel, ProviderContext } from "./oidc_provider.ts";

interface InputProblem {
  name: string;
  userCode?: string;
}

/** The pages of the device flow (RFC 8628), as oidc-provider wants them. */
export const devicePages = {
  userCodeInputSource(
    context: ProviderContext,
    form: string,
    _out: unknown,
    problem?: InputProblem,
  ): void {
    // After the person declined there is no code to enter.
    if (problem?.name === "AbortedError") {
      context.body = page(
        "Declined",
        "<p>The device was not signed in. You can close this page.</p>",
      );
      return;
    }
    const message = problem ? '<p role="alert">This code is not valid. Try again.</p>' : "";
    const labelled = form.replace("<input\n", '<input aria-label="Code" id="user_code"\n');
    context.body = page(
      "Connect a device",
      `${message}<p>Enter the code shown on your device.</p>${labelled}
<button type="submit" form="op.deviceInputForm">Continue</button>`,
    );
  },

  userCodeConfirmSource(
    context: ProviderContext,
    form: string,
    client: ClientModel,
    _deviceInfo: unknown,
    userCode: string,
  ): void {
    context.body = page(
      "Is this your device?",
      `<p><strong>${escapeHtml(client.clientName ?? client.clientId)}</strong> shows this code:</p>
<p><code>${escapeHtml(userCode)}</code></p>${form}
<button type="submit" form="op.deviceConfirmForm">Continue</button>
<button type="submit" form="op.deviceConfirmForm" name="abort" value="yes">Not mine</button>`,
    );
  },

  successSource(context: ProviderContext): void {
    context.body = page("Signed in", "<p>Go back to your device. You can close this page.</p>");
  },
};

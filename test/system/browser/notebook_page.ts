import type { Locator, Page } from "playwright-core";

/** The page's globals that the tests use: the application that a frontend exposes if asked to. */
interface PageGlobals {
  jupyterapp: JupyterApp;
  getComputedStyle(element: unknown): { borderTopStyle: string };
}
interface JupyterApp {
  commands: { execute(command: string, args?: unknown): Promise<unknown> };
  shell: {
    currentWidget: {
      content: { widgets: { model: { type: string; trusted: boolean } }[] };
      sessionContext: {
        ready: Promise<void>;
        session: { kernel: { info: Promise<unknown> } };
      };
    };
  };
}

/** A notebook in JupyterLab or Notebook 7, as a person uses it. */
export class NotebookPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Opens a notebook and waits for its kernel. */
  async open(address: string): Promise<void> {
    await this.page.goto(address);
    await this.page.locator(".jp-NotebookPanel .jp-Cell").first().waitFor();
    await this.page.evaluate(async () => {
      const { jupyterapp } = globalThis as unknown as PageGlobals;
      const { sessionContext } = jupyterapp.shell.currentWidget;
      await sessionContext.ready;
      await sessionContext.session.kernel.info;
    });
  }

  /** The code cells, from 0. */
  cell(index: number): Locator {
    return this.page.locator(".jp-CodeCell").nth(index);
  }

  /** Runs a code cell as Shift+Enter does. */
  async run(index: number): Promise<void> {
    await this.cell(index).locator(".jp-InputPrompt").click();
    await this.page.keyboard.press("Shift+Enter");
  }

  /** Waits until a cell has ended. Returns its output as text. */
  async ended(index: number): Promise<string> {
    await this.cell(index).locator(".jp-InputPrompt").filter({ hasText: /\[\d+\]/ }).waitFor();
    return await this.output(index);
  }

  /** The current output of a cell. */
  async output(index: number): Promise<string> {
    return (await this.cell(index).locator(".jp-OutputArea-output").allInnerTexts()).join("\n");
  }

  /** The card of a cell. */
  card(index: number): Locator {
    return this.cell(index).locator(".jp-RenderedHTMLCommon > div").last();
  }

  /** How many cards a cell shows. Lines of other outputs have no frame. */
  async cards(index: number): Promise<number> {
    return await this.cell(index).locator(".jp-RenderedHTMLCommon details").count();
  }

  /** True if the card of a cell still has its frame. */
  async framed(index: number): Promise<boolean> {
    const style = await this.card(index).evaluate((element) =>
      (globalThis as unknown as PageGlobals).getComputedStyle(element).borderTopStyle
    );
    return style === "solid";
  }

  /** The box below an open prompt of a cell, and whether it masks. */
  async question(index: number, text: string): Promise<{ masked: boolean; box: Locator }> {
    const area = this.cell(index).locator(".jp-Stdin", { has: this.page.getByText(text) });
    const box = area.locator("input");
    await box.waitFor();
    return { masked: await box.getAttribute("type") === "password", box };
  }

  /** Presses the stop button of the toolbar. */
  async stop(): Promise<void> {
    await this.page.locator("[data-jp-item-name='interrupt'] *").first().click();
  }

  async save(): Promise<void> {
    await this.command("docmanager:save");
  }

  async useTheme(theme: "JupyterLab Light" | "JupyterLab Dark"): Promise<void> {
    await this.command("apputils:change-theme", { theme });
    const light = String(theme === "JupyterLab Light");
    await this.page.locator(`body[data-jp-theme-light='${light}']`).waitFor({ state: "attached" });
    await this.page.waitForTimeout(300); // until it is painted
  }

  /** True if the frontend trusts the outputs that were in the file. */
  async trusted(): Promise<boolean> {
    return await this.page.evaluate(() => {
      const { jupyterapp } = globalThis as unknown as PageGlobals;
      const { widgets } = jupyterapp.shell.currentWidget.content;
      return widgets.every(({ model }) => model.type !== "code" || model.trusted);
    });
  }

  async command(name: string, args: unknown = {}): Promise<void> {
    await this.page.evaluate(async ([name, args]) => {
      const { jupyterapp } = globalThis as unknown as PageGlobals;
      await jupyterapp.commands.execute(name as string, args);
    }, [name, args]);
  }
}

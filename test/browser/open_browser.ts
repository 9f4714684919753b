import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { NotebookPage } from "./notebook_page.ts";

const root = new URL("../../", import.meta.url);
/** How long anything on a page may take, in milliseconds. */
const PATIENCE = 30_000;
/** The width of a notebook in an editor's side column, in pixels. */
const NARROW = 460;

/** A person's browser. Each visit is a fresh one: nothing is signed in anywhere. */
export interface Person extends AsyncDisposable {
  /** Opens a notebook. */
  open(address: string): Promise<Visit>;
}

/** A browser window with a notebook in it. */
export interface Visit extends AsyncDisposable {
  notebook: NotebookPage;
  /** Clicks something that opens a second tab; gives the tab. */
  secondTab(click: () => Promise<void>): Promise<Page>;
}

/** Starts Chromium. It talks to this machine alone. */
export async function openBrowser(executablePath: string): Promise<Person> {
  const browser: Browser = await chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-background-networking",
      "--disable-gpu",
      "--no-first-run",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  return {
    open: async (address) => await visit(await browser.newContext({ viewport: wide }), address),
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

const wide = { width: 900, height: 860 };

async function visit(context: BrowserContext, address: string): Promise<Visit> {
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const notebook = new NotebookPage(page);
  await notebook.open(address);
  return {
    notebook,
    async secondTab(click) {
      const [tab] = await Promise.all([context.waitForEvent("page"), click()]);
      await tab.waitForLoadState();
      return tab;
    },
    async [Symbol.asyncDispose]() {
      // Where a test fails, this is what it looked like.
      await picture(page, `end_${/(\w+)\.ipynb/.exec(address)?.[1]}`);
      await context.close();
    },
  };
}

/** Takes a picture of a page for a person to look at. */
export async function picture(page: Page, name: string): Promise<void> {
  const path = decodeURIComponent(new URL(`screenshots/browser_${name}.png`, root).pathname);
  await page.screenshot({ path });
}

/** Takes pictures of a notebook: light, dark, and as narrow as in an editor's side column. */
export async function pictures(notebook: NotebookPage, name: string): Promise<void> {
  const { page } = notebook;
  await picture(page, `${name}_light`);
  await notebook.useTheme("JupyterLab Dark");
  await picture(page, `${name}_dark`);
  await notebook.useTheme("JupyterLab Light");
  await page.setViewportSize({ ...wide, width: NARROW });
  await page.waitForTimeout(300);
  await picture(page, `${name}_narrow`);
  await page.setViewportSize(wide);
}

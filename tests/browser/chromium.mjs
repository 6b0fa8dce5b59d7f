// Starts the Chromium of this machine with nothing of its owner's in it, and watches its pages for errors.
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--autoplay-policy=no-user-gesture-required',
  // Pages that are not in front must decode like those that are.
  '--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows',
];

/** A browser that ends with `close`, and what its pages complained of. */
export async function chromium(packages, executablePath) {
  const require = createRequire(join(packages, 'x.js'));
  const { chromium: launcher } = require('playwright-core');
  const profile = mkdtempSync(join(tmpdir(), 'reelsmith-browser-'));
  const context = await launcher.launchPersistentContext(profile, {
    executablePath, headless: true, args: FLAGS, viewport: { width: 1360, height: 900 }, colorScheme: 'light',
  });
  return {
    context,
    version: context.browser()?.version() ?? '',
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** A page; `complaints` fills with uncaught errors, console errors and requests that failed. */
export async function page(browser, options = {}) {
  const opened = await browser.context.newPage();
  if (options.dark) await opened.emulateMedia({ colorScheme: 'dark' });
  const complaints = [];
  opened.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  opened.on('console', (message) => message.type() === 'error' && complaints.push(`console: ${message.text()}`));
  opened.on('response', (response) => response.status() >= 400 && complaints.push(`${response.status()} ${response.url()}`));
  return { page: opened, complaints };
}

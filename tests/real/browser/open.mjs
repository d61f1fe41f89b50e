// The browser of a person: node open.mjs DIRECTORY DECISION [LOGIN] ADDRESS
//
// Opens the address in Debian's Chromium and does what a person does there: picks the account LOGIN, or signs in as it, and
// agrees (DECISION approve) or cancels (abort). Ends at the page on which the person ends: entrada's own, or one that shows
// an error. Leaves in the directory page.json { url, title, text, status, argument, visited, complaints, environment } and screenshots of it:
// light.png, dark.png, narrow.png. Chatters on standard output, as browsers do.

import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

const [directory, decision, ...rest] = process.argv.slice(2);
const address = rest.pop();
const login = rest.pop() ?? 'ada@contoso.example';
console.log('Opening in existing browser session.');

const context = await chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), 'chromium-')), {
  executablePath: '/usr/bin/chromium',
  headless: true,
  viewport: { width: 1000, height: 640 },
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    // Whatever a page wants from elsewhere, it does not get.
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
  ],
});
const page = context.pages()[0] ?? (await context.newPage());
const complaints = [];
page.on('console', (message) => {
  // Pages of others may lack an icon or a font.
  if (message.type() === 'error' && /\/result$/.test(page.url())) complaints.push(message.text());
});
page.on('pageerror', (error) => complaints.push(String(error)));
let status;
// Every address that the browser asked for to show it: method and address.
const visited = [];
page.on('request', (request) => {
  if (request.isNavigationRequest()) {
    // The code itself is nobody's business.
    const address = request.url().replace(/([?&]code=)[^&]*/, '$1hidden');
    visited.push(`${request.method()} ${address}`);
  }
});
page.on('response', (response) => {
  if (response.request().isNavigationRequest()) status = response.status();
});

/// Presses whatever the page wants pressed; false where there is nothing.
async function act() {
  const account = page.locator('button.account');
  if (await account.count()) {
    const button = decision === 'abort' ? 'button[value=cancel]' : `button.account[value="${login}"]`;
    await Promise.all([page.waitForEvent('framenavigated'), page.click(button)]);
    return true;
  }
  if (await page.locator('input[name=login]').count()) {
    await page.fill('input[name=login]', login.split('@')[0]);
    await page.fill('input[name=password]', 'any');
    await Promise.all([page.waitForEvent('framenavigated'), page.click('button[type=submit]')]);
    return true;
  }
  const abort = page.locator('a[href$="/abort"]');
  if (await abort.count()) {
    const next = decision === 'abort' ? abort : page.locator('button[type=submit]');
    await Promise.all([page.waitForEvent('framenavigated'), next.first().click()]);
    return true;
  }
  const back = page.locator('a, button', { hasText: 'Return to the application' });
  if (await back.count()) {
    await Promise.all([page.waitForEvent('framenavigated'), back.click()]);
    return true;
  }
  return false;
}

await page.goto(address, { waitUntil: 'load' }).catch((error) => complaints.push(String(error)));
for (let step = 0; step < 10; step += 1) {
  await page.waitForLoadState('load');
  if (/\/result$/.test(page.url()) || !(await act())) break;
}
// A form that posts itself is on its way still.
await page.waitForURL(/\/result$/, { timeout: 3000 }).catch(() => {});
await page.waitForLoadState('load');

await page.screenshot({ path: join(directory, 'light.png') });
await page.emulateMedia({ colorScheme: 'dark' });
await page.screenshot({ path: join(directory, 'dark.png') });
await page.emulateMedia({ colorScheme: 'light' });
await page.setViewportSize({ width: 375, height: 640 });
await page.screenshot({ path: join(directory, 'narrow.png'), fullPage: true });
const seen = {
  url: page.url(),
  title: await page.title(),
  text: await page.locator('body').innerText(),
  status,
  argument: address,
  visited,
  complaints,
  environment: Object.keys(process.env).filter((name) => name.startsWith('ENTRADA_')),
};
// Whoever waits for the file finds a whole one.
writeFileSync(join(directory, 'page.json.new'), JSON.stringify(seen));
renameSync(join(directory, 'page.json.new'), join(directory, 'page.json'));
await context.close();

// Plays the person in the browser: node approve.mjs URL USER_CODE approve|abort [LOGIN]
//
// Follows the provider's own pages with a cookie jar: fills in the forms it is shown until there is none left. Prints the
// title of each page.

const [address, userCode, decision, login = 'ada'] = process.argv.slice(2);

const jar = new Map();

async function open(url, body) {
  for (;;) {
    const response = await fetch(url, {
      method: body ? 'POST' : 'GET',
      body,
      redirect: 'manual',
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (/expires=thu, 01 jan 1970/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    const location = response.headers.get('location');
    if (!location) return { url, status: response.status, text: await response.text() };
    url = new URL(location, url).href;
    body = undefined;
  }
}

const attribute = (tag, name) => new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1].replaceAll('&amp;', '&');

let page = await open(address);
for (let step = 0; step < 10; step += 1) {
  console.log(page.status, /<title>([^<]*)/.exec(page.text)?.[1] ?? page.text.slice(0, 80));
  if (400 <= page.status) process.exit(1);
  const form = /<form[^>]*>[^]*?<\/form>/.exec(page.text)?.[0];
  if (!form) process.exit(0);
  const fields = new URLSearchParams();
  for (const tag of form.match(/<input[^>]*>/g) ?? []) {
    const name = attribute(tag, 'name');
    if (name) fields.set(name, attribute(tag, 'value') ?? '');
  }
  if (fields.has('user_code') && !fields.get('user_code')) fields.set('user_code', userCode);
  if (fields.has('login')) fields.set('login', login);
  if (fields.has('password')) fields.set('password', 'any');
  if (fields.has('confirm') && decision === 'abort') fields.set('abort', 'yes');
  const target = attribute(/<form[^>]*>/.exec(form)[0], 'action');
  // The page after a refusal is the form again.
  const aborted = fields.has('abort');
  page = await open(new URL(target, page.url).href, fields);
  if (aborted) {
    console.log(page.status, 'aborted');
    process.exit(0);
  }
}
console.error('the pages did not come to an end');
process.exit(1);

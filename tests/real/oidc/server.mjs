// An OpenID provider for tests: npm `oidc-provider` as it comes, on a free port of 127.0.0.1.
//
// stdout: `control 127.0.0.1:PORT`, then `issuer http://127.0.0.1:PORT` once it listens. Ends when stdin does.
// Environment: ACCESS_TTL, seconds of an access token (3600); DEVICE_TTL, seconds of a device code (600); RESOURCE, the
// URI of an API, for access tokens that are JWTs for it; CERTIFICATE and KEY, PEM files, for https.
//
// At the control address, for the test alone:
//   GET /control/log            every token request: [{ grant, status, error }], and reuse detections
//   GET /control/tokens         every stored token: [{ kind, value, consumed }]
//   GET /control/secrets        every token ever issued, one per line
//   GET /control/revoke         forgets every refresh token, as an administrator would
//   GET /control/answer?status=503&error=temporarily_unavailable   the next token requests are answered with this
//   GET /control/answer         back to normal
//   GET /control/delay?ms=2000  token requests wait this long from now on

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';

import { Provider } from 'oidc-provider';

// Debian 12 has Node 18, which lacks this; the provider uses it.
URL.parse ??= (text, base) => {
  try {
    return new URL(text, base);
  } catch {
    return null;
  }
};

const seconds = (name, otherwise) => Number(process.env[name] ?? otherwise);

/// What the provider keeps; in reach of the control paths.
const stored = new Map();
const secrets = new Set();

class Adapter {
  constructor(model) {
    this.model = model;
  }
  key(id) {
    return `${this.model}:${id}`;
  }
  async upsert(id, payload) {
    if (['AccessToken', 'RefreshToken', 'DeviceCode', 'AuthorizationCode'].includes(this.model)) secrets.add(id);
    stored.set(this.key(id), payload);
  }
  async find(id) {
    return stored.get(this.key(id));
  }
  #first(wanted) {
    for (const [key, payload] of stored) {
      if (key.startsWith(`${this.model}:`) && wanted(payload)) return payload;
    }
    return undefined;
  }
  async findByUid(uid) {
    return this.#first((payload) => payload.uid === uid);
  }
  async findByUserCode(userCode) {
    return this.#first((payload) => payload.userCode === userCode);
  }
  async consume(id) {
    stored.get(this.key(id)).consumed = Math.floor(Date.now() / 1000);
  }
  async destroy(id) {
    stored.delete(this.key(id));
  }
  async revokeByGrantId(grantId) {
    for (const [key, payload] of stored) {
      if (payload.grantId === grantId) stored.delete(key);
    }
  }
}

/// Every token request, in order.
const log = [];
/// What token requests are answered with instead, when a test wants that.
let instead;
/// How long token requests wait, in milliseconds.
let delay = 0;

function control(url) {
  switch (url.pathname) {
    case '/control/log':
      return JSON.stringify(log);
    case '/control/secrets':
      return [...secrets].join('\n');
    case '/control/tokens':
      return JSON.stringify(
        [...stored].flatMap(([key, payload]) => {
          const [kind, value] = key.split(':');
          return kind.endsWith('Token') ? [{ kind, value, consumed: Boolean(payload.consumed) }] : [];
        }),
      );
    case '/control/revoke':
      for (const key of stored.keys()) if (key.startsWith('RefreshToken:')) stored.delete(key);
      return 'done';
    case '/control/answer': {
      const status = url.searchParams.get('status');
      instead = status && { status: Number(status), error: url.searchParams.get('error') };
      return 'done';
    }
    case '/control/delay':
      delay = Number(url.searchParams.get('ms'));
      return 'done';
    default:
      return undefined;
  }
}

const controls = createServer((request, response) => {
  const controlled = control(new URL(request.url, 'http://127.0.0.1'));
  response.writeHead(controlled === undefined ? 404 : 200);
  response.end(controlled);
});
const { CERTIFICATE, KEY, RESOURCE } = process.env;
const server = CERTIFICATE
  ? createSecureServer({ cert: readFileSync(CERTIFICATE), key: readFileSync(KEY) })
  : createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http${CERTIFICATE ? 's' : ''}://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    adapter: Adapter,
    clients: [
      {
        client_id: 'entrada-tests',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: ['http://localhost'],
      },
    ],
    scopes: ['openid', 'offline_access', 'profile', 'mail.read'],
    claims: { openid: ['sub'], profile: ['preferred_username'] },
    conformIdTokenClaims: false,
    // Whoever is named at the sign-in page exists.
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, preferred_username: `${sub}@example.org` }) }),
    cookies: { keys: ['only for tests'] },
    features: {
      deviceFlow: { enabled: true },
      resourceIndicators: {
        enabled: Boolean(RESOURCE),
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: 'mail.read',
          audience: RESOURCE,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    // Dovecot 2.3 takes no `at+jwt` (RFC 9068 §2.1); Entra's own are called this, too.
    formats: { customizers: { jwt: (_ctx, _token, jwt) => void (jwt.header = { typ: 'JWT' }) } },
    rotateRefreshToken: true,
    ttl: {
      AccessToken: seconds('ACCESS_TTL', 3600),
      DeviceCode: seconds('DEVICE_TTL', 600),
      RefreshToken: 86400,
      Session: 600,
      Interaction: 600,
      Grant: 86400,
      IdToken: 600,
    },
  });
  const grantOf = (ctx) => ctx.oidc?.params?.grant_type?.replace('urn:ietf:params:oauth:grant-type:', '');
  provider.on('grant.success', (ctx) => log.push({ grant: grantOf(ctx), status: 200, error: null }));
  provider.on('grant.error', (ctx, error) =>
    log.push({ grant: grantOf(ctx), status: error.statusCode, error: error.error, detail: error.error_detail }));
  const answer = provider.callback();
  server.on('request', (request, response) => {
    const url = new URL(request.url, issuer);
    const isToken = request.method === 'POST' && url.pathname === '/token';
    if (isToken && instead) {
      log.push({ grant: 'any', ...instead });
      response.writeHead(instead.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: instead.error }));
    } else {
      setTimeout(() => answer(request, response), isToken ? delay : 0);
    }
  });
  controls.listen(0, '127.0.0.1', () => {
    process.stdout.write(`control 127.0.0.1:${controls.address().port}\nissuer ${issuer}\n`);
  });
});

// A test that dies takes its provider with it.
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));

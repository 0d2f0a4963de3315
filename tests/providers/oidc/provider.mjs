// An OpenID provider for tests: node-oidc-provider with people of our own, on loopback.
// Told what to do by one line of JSON on standard input; ends when standard input does.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const lines = createInterface({ input: process.stdin });
lines.on('close', () => process.exit(0));
const told = await new Promise((resolve) => { lines.once('line', (line) => resolve(JSON.parse(line))); });

const library = join(told.modules, 'oidc-provider', 'lib', 'index.js');
const { Provider } = await import(pathToFileURL(library));

const listener = createServer();
await new Promise((resolve) => { listener.listen(told.port, '127.0.0.1', resolve); });
const issuer = `http://127.0.0.1:${listener.address().port}`;

function key(kid, alg, type, options) {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
}

async function findAccount(_, id) {
  const claims = told.users[id]?.claims;
  return claims && { accountId: id, claims: async () => ({ sub: id, ...claims }) };
}

// Consent is taken for granted: the organisation has given it.
async function loadExistingGrant({ oidc }) {
  const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
  grant.addOIDCScope('openid email profile');
  await grant.save();
  return grant;
}

const provider = new Provider(issuer, {
  acrValues: told.acrValues,
  claims: { openid: ['sub', 'amr', 'acr'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  clients: [told.client],
  conformIdTokenClaims: told.claimsByUserinfoOnly,
  cookies: { keys: ['for tests'] },
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA', 'HS256'] },
  features: {
    backchannelLogout: { enabled: true },
    devInteractions: { enabled: false },
    rpInitiatedLogout: { enabled: true },
  },
  // The library's own dispatcher keeps its fetches off loopback, where all of this takes place.
  fetch: (address, { dispatcher, ...options }) => fetch(address, options),
  findAccount,
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  jwks: {
    keys: [
      key('rsa', 'RS256', 'rsa', { modulusLength: 2048 }),
      key('ec', 'ES256', 'ec', { namedCurve: 'P-256' }),
      key('ed', 'EdDSA', 'ed25519', {}),
    ],
  },
  loadExistingGrant,
  pkce: { required: () => true },
});
for (const event of ['server_error', 'backchannel.error', 'grant.error']) {
  provider.on(event, (...details) => console.error(event, ...details.map((detail) => detail?.message ?? '')));
}

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in</title>
<main><h1>Sign in at the provider</h1><form method="post">
<label>User name <input name="login" autocomplete="username" autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<button>Sign in</button> <button name="refuse" value="yes">Refuse</button></form></main></html>`;

async function interact(request, response) {
  if (request.method !== 'POST') {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(PAGE);
    return;
  }
  let body = '';
  for await (const piece of request) body += piece;
  const form = new URLSearchParams(body);
  const user = told.users[form.get('login')];
  if (form.get('refuse')) {
    await provider.interactionFinished(request, response, { error: 'access_denied' });
  } else if (user && form.get('password') === user.password) {
    const login = { accountId: form.get('login'), amr: user.amr, acr: user.acr ?? undefined };
    await provider.interactionFinished(request, response, { login });
  } else {
    response.statusCode = 403;
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(PAGE);
  }
}

const answer = provider.callback();
listener.on('request', (request, response) => {
  if (!request.url.startsWith('/interaction/')) return answer(request, response);
  return interact(request, response).catch((error) => {
    console.error(error);
    response.statusCode = 500;
    response.end();
  });
});
console.log(JSON.stringify({ issuer }));

// openid-client as an application uses it, told line by line what to do: {do, client, …} → {…} or {error, code}.
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value);
const say = (words) => process.stdout.write(`${JSON.stringify(words)}\n`);

const told = await next();
const oidc = await import(pathToFileURL(`${told.modules}/openid-client/build/index.js`).href);
const clients = new Map();

const keyOf = async ({ jwk, alg, kid }) => {
  const algorithm = {
    RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    ES256: { name: 'ECDSA', namedCurve: 'P-256' },
    Ed25519: { name: 'Ed25519' },
  }[alg];
  return { key: await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign']), kid };
};

const proofOf = async ({ way, secret, key }) => ({
  client_secret_basic: () => oidc.ClientSecretBasic(secret),
  client_secret_post: () => oidc.ClientSecretPost(secret),
  none: () => oidc.None(),
  private_key_jwt: async () => oidc.PrivateKeyJwt(await keyOf(key)),
}[way])();

const acts = {
  // Discovers the provider; ID tokens are checked by their signature, too.
  async begin({ issuer, client, id, metadata, ...proof }) {
    const config = await oidc.discovery(new URL(issuer), id, metadata, await proofOf(proof), {
      execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
    });
    clients.set(client, { config });
    return { metadata: config.serverMetadata() };
  },
  async link({ client, parameters, push }) {
    const it = clients.get(client);
    it.verifier = oidc.randomPKCECodeVerifier();
    it.state = oidc.randomState();
    it.nonce = oidc.randomNonce();
    const all = {
      code_challenge: await oidc.calculatePKCECodeChallenge(it.verifier),
      code_challenge_method: 'S256',
      state: it.state,
      nonce: it.nonce,
      ...parameters,
    };
    const build = push ? oidc.buildAuthorizationUrlWithPAR : oidc.buildAuthorizationUrl;
    return { url: (await build(it.config, all)).href };
  },
  async back({ client, url, verifier, maxAge }) {
    const { config, verifier: own, state, nonce } = clients.get(client);
    const checks = { pkceCodeVerifier: verifier ?? own, expectedState: state, expectedNonce: nonce, maxAge };
    const tokens = await oidc.authorizationCodeGrant(config, new URL(url), checks);
    return { tokens, claims: tokens.claims() };
  },
  async refresh({ client, token }) {
    const tokens = await oidc.refreshTokenGrant(clients.get(client).config, token);
    return { tokens, claims: tokens.claims() ?? null };
  },
  userinfo: async ({ client, token, sub }) => ({ told: await oidc.fetchUserInfo(clients.get(client).config, token, sub) }),
  introspect: async ({ client, token }) => ({ told: await oidc.tokenIntrospection(clients.get(client).config, token) }),
  async revoke({ client, token }) {
    await oidc.tokenRevocation(clients.get(client).config, token);
    return {};
  },
  leave: ({ client, parameters }) => ({ url: oidc.buildEndSessionUrl(clients.get(client).config, parameters).href }),
};

say({});
for (;;) {
  const asked = await next();
  try {
    say(await acts[asked.do](asked));
  } catch (error) {
    say({ error: error.error ?? error.code ?? error.name, said: `${error.message} ${error.cause ?? ''}` });
  }
}

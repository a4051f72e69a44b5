// An OAuth server: `node oauth-server.mjs PORT`. Anybody may register a client and sign in by any
// name. Beside the protocol, `/kept` tells what it keeps and what it has granted, and
// `POST /drop/AccessToken` forgets all rows of a kind.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const rows = new Map();
const granted = {};

class Rows {
  constructor(kind) {
    this.kind = kind;
    if (!rows.has(kind)) rows.set(kind, new Map());
    this.kept = rows.get(kind);
  }
  async upsert(id, payload) {
    this.kept.set(id, payload);
  }
  async find(id) {
    return this.kept.get(id);
  }
  async findByUid(uid) {
    return [...this.kept.values()].find((row) => row.uid === uid);
  }
  async findByUserCode() {}
  async consume(id) {
    this.kept.get(id).consumed = Math.floor(Date.now() / 1000);
  }
  async destroy(id) {
    this.kept.delete(id);
  }
  async revokeByGrantId(grantId) {
    for (const [id, row] of this.kept) if (row.grantId === grantId) this.kept.delete(id);
  }
}

const provider = new Provider(issuer, {
  adapter: Rows,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  clients: [
    { client_id: 'tool-server', client_secret: 'tool-server-secret', redirect_uris: [], response_types: [], grant_types: [] },
  ],
  cookies: { keys: ['keys of a test'] },
  scopes: ['openid', 'offline_access', 'tools', 'erase'],
  pkce: { required: () => true },
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  features: {
    registration: { enabled: true },
    registrationManagement: { enabled: true },
    revocation: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({ scope: 'tools erase', accessTokenFormat: 'opaque', accessTokenTTL: 3600 }),
      useGrantedResource: () => true,
    },
  },
});
provider.on('grant.success', ({ oidc }) => {
  const kind = oidc.params.grant_type;
  granted[kind] = (granted[kind] ?? 0) + 1;
});
provider.on('server_error', (_, error) => console.error(error));

const answer = provider.callback();
createServer((request, response) => {
  const [, name, kind] = request.url.split('/');
  if (name === 'kept') {
    const kept = Object.fromEntries([...rows].map(([key, value]) => [key, value.size]));
    response.end(JSON.stringify({ kept, granted }));
  } else if (name === 'drop') {
    rows.get(kind)?.clear();
    response.end('{}');
  } else if (name === 'favicon.ico') {
    response.writeHead(204).end();
  } else {
    // Its pages would load a font from elsewhere.
    const end = response.end.bind(response);
    const blank = (found) => ' '.repeat(found.length);
    response.end = (body, ...more) => end(typeof body === 'string' ? body.replace(/@import url\([^)]*\);/, blank) : body, ...more);
    answer(request, response);
  }
}).listen(port, '127.0.0.1');

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from './archives.ts';
import { type FaultyRegistry, readAll, sendError } from './faulty-registry.ts';

export interface TokenServer extends AsyncDisposable {
  readonly host: string;
  /** The requested scopes, one entry per request. */
  readonly asked: string[];
  /** The received `Authorization` headers and form bodies. */
  readonly secrets: string[];
  /** The response with a token. Default: `{"token":…,"expires_in":300}`. */
  answer: (token: string, scopes: readonly string[]) => { readonly status: number; readonly body: string };
  /** The scopes of each token. */
  readonly issued: Map<string, readonly string[]>;
}

/**
 * Distribution's token authentication: GET with Basic, POST with a refresh token. Every password but `wrong` is right.
 */
export async function tokenServer(): Promise<TokenServer> {
  const state: Omit<TokenServer, keyof AsyncDisposable | 'host'> = {
    asked: [],
    secrets: [],
    issued: new Map(),
    answer: (token) => ({ status: 200, body: json({ token, expires_in: 300 }) }),
  };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://token');
    const form = new URLSearchParams((await readAll(request)).toString());
    const secret = request.headers.authorization ?? form.get('refresh_token') ?? '';
    if (secret !== '') state.secrets.push(secret);
    if (Buffer.from(secret.slice(6), 'base64').toString().endsWith(':wrong')) {
      return sendError(response, 401, 'UNAUTHORIZED', 'incorrect username or password');
    }
    const scopes = [...url.searchParams.getAll('scope'), ...(form.get('scope') ?? '').split(' ')].filter(Boolean);
    state.asked.push(scopes.join(' '));
    const token = `token-${state.asked.length}`;
    state.issued.set(token, scopes);
    const { status, body } = state.answer(token, scopes);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(state, {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** Makes a registry require tokens of the server: for `repository:…` of the request's own repository. */
export function wantTokens(registry: FaultyRegistry, tokens: TokenServer): void {
  registry.intercept = ({ request, response, url }) => {
    const token = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    const repository = /^\/v2\/(.+?)\/(?:blobs|manifests|tags)/.exec(url.pathname)?.[1];
    const action = request.method === 'GET' || request.method === 'HEAD' ? 'pull' : 'push';
    const scopes = tokens.issued.get(token);
    const fits = (scope: string): boolean =>
      scope.startsWith(`repository:${repository}:`) && scope.split(':').at(-1)?.split(',').includes(action) === true;
    if (scopes !== undefined && (repository === undefined || scopes.some(fits))) return false;
    const scope = repository === undefined ? '' : `,scope="repository:${repository}:${action}"`;
    response.writeHead(401, {
      'www-authenticate': `Bearer realm="http://${tokens.host}/token",service="wild"${scope}`,
    });
    response.end(json({ errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] }));
    return true;
  };
}

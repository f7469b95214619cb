import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * A server that passes each request to the engine the first time, and repeats the response from then on: a client's
 * time with it is the client's own. For requests without a body.
 */
export async function replay(host: string): Promise<AsyncDisposable & { readonly host: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-replay-'));
  const socketPath = join(folder, 'socket');
  const answers = new Map<string, Answer>();
  const server = createServer(async (asked, response) => {
    const [method = 'GET', path = '/'] = [asked.method, asked.url];
    const answer = answers.get(`${method} ${path}`) ?? (await ask(host.slice('unix://'.length), method, path));
    answers.set(`${method} ${path}`, answer);
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  server.listen(socketPath);
  await once(server, 'listening');
  return {
    host: `unix://${socketPath}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
}

function ask(socketPath: string, method: string, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part)).on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      );
    });
    asked.on('error', reject).end();
  });
}

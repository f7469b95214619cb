import { request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * Makes one request over a unix socket with bytes as its body. Undefined when the connection broke before the response
 * was complete: the engine was killed.
 */
export function send(socketPath: string, method: string, path: string, body?: Buffer): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const sent = request(
      { socketPath, method, path, agent: false, headers: body === undefined ? {} : { 'content-length': body.length } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () =>
          resolve(response.complete ? { status: response.statusCode ?? 0, body: text } : undefined),
        );
        response.on('error', () => resolve(undefined));
      },
    );
    sent.on('error', () => resolve(undefined));
    sent.end(body);
  });
}

import { request } from 'node:http';

const REQUEST = /^(GET|POST|PUT|DELETE) (\/\S+)(?: (.*))?$/;

/** Whether a line of a record is a request to the API: method, path, and JSON as the body if there is one. */
export function isRequest(line: string): boolean {
  return REQUEST.test(line);
}

/** Sends a line's request to the engine at `host` (`unix://`). Returns the status and the body, with JSON's keys in order. */
export function answerTo(line: string, host: string): Promise<string> {
  const [, method = '', path = '', body] = REQUEST.exec(line) ?? [];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  const sent = request(
    { socketPath: host.replace(/^unix:\/\//, ''), method, path, headers, agent: false },
    (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(`${response.statusCode} ${inOrder(text)}`.trim()));
    },
  );
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

function inOrder(text: string): string {
  return text === '' || !'{['.includes(text.charAt(0)) ? text : JSON.stringify(JSON.parse(text, sortKeys));
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

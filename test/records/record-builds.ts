import { request } from 'node:http';
import { tarArchive } from '../support/busybox-image.ts';
import { type BuildCase, RUN_ID } from './classic-builds.cases.ts';
import { neutral } from './neutral.ts';

/** Runs the builds one after the other on the engine at `host` (`unix://`). Returns the record: one block per build. */
export async function recordBuilds(cases: readonly BuildCase[], host: string): Promise<string> {
  const blocks: string[] = [];
  const runId = `run${Date.now()}`;
  for (const each of cases) {
    const ids = new Set<string>();
    const text = [
      ...(await lines({ ...each, dockerfile: each.dockerfile.replaceAll(RUN_ID, runId) }, host, ids)),
      ...(await described(host, [...ids].at(-1))),
    ];
    blocks.push(
      [`$ ${each.name}`, ...text.map((line) => `  ${neutralBuild(line).replaceAll(runId, RUN_ID)}`)].join('\n'),
    );
  }
  return `${blocks.join('\n')}\n`;
}

async function lines(
  { dockerfile, files = {}, query = 'nocache=1&t=rec-classic' }: BuildCase,
  host: string,
  ids: Set<string>,
) {
  const entries = [
    { name: 'Dockerfile', content: dockerfile },
    ...Object.entries(files).map(([name, content]) =>
      content.startsWith('->') ? { name, type: 'symlink' as const, target: content.slice(2) } : { name, content },
    ),
  ];
  const { status, body } = await send(host, 'POST', `/build?${query}`, tarArchive(entries));
  if (status !== 200) return [`= ${status} ${body.trim()}`];
  let text = '';
  for (const line of body.trim().split(/\r?\n/)) {
    const message = JSON.parse(line) as { stream?: string; aux?: { ID: string } };
    if (message.aux !== undefined) ids.add(message.aux.ID);
    text += message.stream ?? `${text === '' || text.endsWith('\n') ? '' : '\n'}${JSON.stringify(message)}\n`;
  }
  return text.replace(/\n$/, '').replaceAll('\u001b', '<esc>').split('\n');
}

/** The configuration and the new steps of an image. */
async function described(host: string, id: string | undefined): Promise<readonly string[]> {
  if (id === undefined) return [];
  const image = JSON.parse((await send(host, 'GET', `/images/${id}/json`)).body) as { Config: object; Author: string };
  const history = JSON.parse((await send(host, 'GET', `/images/${id}/history`)).body) as {
    Id: string;
    CreatedBy: string;
    Comment: string;
    Size: number;
  }[];
  const author = image.Author === '' ? [] : [`author: ${image.Author}`];
  return [
    ...author,
    `config: ${JSON.stringify(image.Config, sortKeys)}`,
    ...history
      .filter(({ CreatedBy }) => !CreatedBy.includes('ADD layer 0'))
      .map(
        ({ Id, CreatedBy, Comment }) =>
          `${Id === '<missing>' ? '- ' : ''}${CreatedBy}${Comment === '' ? '' : ` (${Comment})`}`,
      ),
  ];
}

/** Replaces ids, also those that are numbers by chance, and sums of files, which are of the engine's own kind. */
function neutralBuild(text: string): string {
  return neutral(
    text
      .replaceAll(/\b(file|dir|multi):[0-9a-f]{64}/g, '$1:<sum>')
      .replaceAll(/( ---> |Running in |intermediate container |Successfully built )[0-9a-f]{12}$/gm, '$1<short id>'),
  );
}

function send(host: string, method: string, path: string, body?: Buffer): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const headers = body === undefined ? {} : { 'content-type': 'application/x-tar' };
  const socketPath = host.replace(/^unix:\/\//, '');
  const sent = request({ socketPath, method, path: `/v1.51${path}`, headers, agent: false }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

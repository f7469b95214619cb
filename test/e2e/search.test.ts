import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { tarArchive } from '../support/busybox-image.ts';
import { debianRegistry } from '../support/debian-registry.ts';
import { CLIS, unique, useEngine } from '../support/fixture.ts';
import { gantryRegistry } from '../support/gantry-registry.ts';

const engine = useEngine();
const HTPASSWD = 'bob:$2y$05$XoV066GfonC1TI807FmKSe8xd/tfLySwxAbGpPs4NGdDhU1zIJbUG\n';
const LONG = 'Official build of Nginx, a server\nof web pages, and of mail as well if it is told to.';
const NGINX = { name: 'nginx', description: LONG, star_count: 20000, is_official: true, is_automated: false };
const TEAM = { name: 'team/nginx', description: 'Ours', star_count: 3, is_official: false, is_automated: true };
const OTHER = { name: 'x/nginx-z', description: '', star_count: 0, is_official: false, is_automated: false };

/** Answers as Docker Hub's search, version 1, does; `asked` has what it was asked. */
async function hub() {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const url = new URL(request.url ?? '', 'http://hub.test');
    if (url.pathname !== '/v1/search') return response.writeHead(404).end('404 page not found');
    const results = [NGINX, TEAM, OTHER].slice(0, Number(url.searchParams.get('n')));
    const page = { num_pages: 1, num_results: results.length, page_size: 25, page: 1 };
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify({ ...page, query: url.searchParams.get('q'), results }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `localhost:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

for (const cli of CLIS) {
  test(`${cli}: search shows what a hub finds, with filters, limit and formats`, async () => {
    await using server = await hub();
    const search = (...args: string[]): Promise<string> =>
      engine().ok(cli, ['search', ...args, `${server.host}/nginx`]);
    assert.equal(
      await search(),
      [
        'NAME         DESCRIPTION                                     STARS     OFFICIAL',
        'nginx        Official build of Nginx, a server of web pag…   20000     [OK]',
        'team/nginx   Ours                                            3         ',
        'x/nginx-z                                                    0         ',
      ].join('\n'),
    );
    assert.match(await search('--no-trunc'), /nginx +Official build .* told to\. +20000/);
    const names = (...args: string[]): Promise<string> => search('--format', '{{.Name}}', ...args);
    assert.equal(await names('--limit', '1'), 'nginx');
    assert.equal(await names('-f', 'stars=3'), 'nginx\nteam/nginx');
    assert.equal(await names('-f', 'stars=3', '-f', 'is-official=false'), 'team/nginx');
    assert.equal(await names('--filter', 'is-official=true'), 'nginx');
    assert.equal(await names('--filter', 'is-automated=true'), '');
    assert.equal(await names('--filter', 'is-automated=false', '--limit', '100'), 'nginx\nteam/nginx\nx/nginx-z');
    assert.equal(
      (await search('--format', 'json', '--limit', '2')).split('\n')[1],
      '{"Description":"Ours","IsOfficial":"false","Name":"team/nginx","StarCount":"3"}',
    );
    assert.match(await search('--format', 'table {{.Name}}\t{{.StarCount}}'), /^NAME +STARS\nnginx +20000\n/);
    assert.deepEqual(new Set(server.asked), new Set(['25', '1', '2', '100'].map((n) => `/v1/search?q=nginx&n=${n}`)));
  });

  test(`${cli}: search finds by the catalogue of a registry, ours and Debian’s with a login`, async () => {
    await using plain = await gantryRegistry();
    await using closed = await debianRegistry({ htpasswd: HTPASSWD });
    await engine().ok(cli, ['login', '-u', 'bob', '--password-stdin', closed.host], { input: 'secret' });
    for (const host of [plain.host, closed.host]) {
      const [web, db] = [unique('web'), unique('db')];
      for (const name of [`${host}/team/${web}`, `${host}/team/${db}`]) {
        await engine().ok(cli, ['import', '-', name], { input: tarArchive([{ name: 'a', content: name }]) });
        await engine().ok(cli, ['push', '-q', name]);
        await engine().ok(cli, ['rmi', name]);
      }
      assert.equal(await engine().ok(cli, ['search', '--format', '{{.Name}}', `${host}/web`]), `team/${web}`);
      assert.equal(await engine().ok(cli, ['search', '--format', '{{.Name}}', `${host}/none`]), '');
    }
    await engine().ok(cli, ['logout', closed.host]);
    const refused = await engine()[cli](['search', `${closed.host}/web`]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /no basic auth credentials/);
  });
}

test('what is not a search is refused in dockerd’s words', async () => {
  await using server = await hub();
  const ask = async (query: Readonly<Record<string, string>>): Promise<string> => {
    const { status, body } = await engine().api('GET', `/images/search?${new URLSearchParams(query)}`);
    return `${status} ${(JSON.parse(body) as { readonly message: string }).message}`;
  };
  const term = `${server.host}/nginx`;
  const filter = (name: string, ...values: string[]): string => JSON.stringify({ [name]: values });
  for (const [query, answer] of [
    [{ term, limit: '101' }, '400 limit 101 is outside the range of [1, 100]'],
    [{ term, limit: 'x' }, '400 invalid limit specified: strconv.Atoi: parsing "x": invalid syntax'],
    [{ term, filters: filter('nope', 'x') }, "400 invalid filter 'nope'"],
    [
      { term, filters: filter('stars', 'x') },
      `400 invalid filter 'stars=x': strconv.Atoi: parsing "x": invalid syntax`,
    ],
    [{ term, filters: filter('is-official', 'maybe') }, "400 invalid filter 'is-official=[maybe]'"],
    [{ term, filters: filter('is-official', 'true', 'false') }, "400 invalid filter 'is-official=[true false]'"],
    [{ term, filters: filter('is-automated', 'x') }, "400 invalid filter 'is-automated=[x]'"],
    [{ term: 'http://x/y' }, '400 invalid repository name: repository name (http://x/y) should not have a scheme'],
  ] as const) {
    assert.equal(await ask(query), answer);
  }
  assert.deepEqual(server.asked, []);
});

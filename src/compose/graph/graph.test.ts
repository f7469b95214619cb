import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectOf } from '../plan/testing/project.ts';
import { drawSvg } from './draw-svg.ts';
import { drawText } from './draw-text.ts';
import { projectGraph } from './project-graph.ts';

const PROJECT = projectOf(
  {
    web: {
      depends_on: new Map([['db', { condition: 'service_healthy' }]]),
      networks: new Map([['front', null]]),
      ports: [{ target: 80, published: '8080', protocol: 'tcp' }],
    },
    db: {
      image: 'a<b',
      volumes: [
        { type: 'volume', source: 'data', target: '/data' },
        { type: 'bind', source: '/x', target: '/y' },
      ],
    },
  },
  { networks: { front: {} }, volumes: { data: { external: true } } },
);

test('a graph has services, dependencies with their conditions, and the resources that are used', () => {
  assert.equal(
    drawText(projectGraph(PROJECT), 'app'),
    `project app

web  busybox
  ◀─ port 8080/tcp to 80
  ─▶ db (healthy)
  ┄┄ network front

db  a<b
  ┄┄ volume data at /data
`,
  );
});

test('a picture has each part once, inside of it, and escapes its texts', async () => {
  const svg = await drawSvg(projectGraph(PROJECT), 'app');
  assert.equal(svg.match(/<rect /g)?.length, 5);
  assert.equal(svg.match(/<path d="M/g)?.length, 5, 'four edges and the arrow');
  assert.match(svg, /a&lt;b/);
  assert.doesNotMatch(svg, /a<b|NaN/);
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
  for (const [, x, y, w] of svg.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"/g)) {
    assert.ok(Number(x) >= 0 && Number(y) >= 0 && Number(x) + Number(w) <= Number(width) && Number(y) < Number(height));
  }
  assert.match(await drawSvg({ nodes: [], edges: [] }, 'empty'), /^<svg /);
});

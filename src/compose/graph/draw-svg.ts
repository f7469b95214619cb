import type { GraphEdge, GraphNode, ProjectGraph } from './project-graph.ts';

const CHARACTER = 7.5;
const LINE = 18;
const PADDING = 12;
const MARGIN = 20;

const FILLS: Readonly<Record<GraphNode['kind'], string>> = {
  service: '#dbeafe',
  network: '#dcfce7',
  volume: '#fef3c7',
  secret: '#fee2e2',
  config: '#f3e8ff',
  port: '#f1f5f9',
};

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Draws a graph as SVG. The layout is dagre's: dependencies below what needs them. */
export async function drawSvg({ nodes, edges }: ProjectGraph, title: string): Promise<string> {
  // Loaded here: nothing else needs it.
  const { graphlib, layout } = await import('@dagrejs/dagre');
  const graph = new graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'TB', nodesep: 30, ranksep: 50, marginx: MARGIN, marginy: MARGIN });
  for (const node of nodes) graph.setNode(node.id, sizeOf(node));
  for (const [index, edge] of edges.entries()) {
    graph.setEdge(
      edge.from,
      edge.to,
      { width: edge.label.length * CHARACTER, height: LINE, labelpos: 'c' },
      String(index),
    );
  }
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { readonly width?: number; readonly height?: number };
  const lines = edges.map((edge, index) => edgeSvg(edge, pathOf(graph.edge(edge.from, edge.to, String(index)))));
  const boxes = nodes.map((node) => nodeSvg(node, placeOf(graph.node(node.id))));
  const [w, h] = [Math.ceil(width) || 2 * MARGIN, Math.ceil(height) || 2 * MARGIN];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" width="${w}" height="${h}" font-family="sans-serif" font-size="13">`,
    `<title>${escaped(title)}</title>`,
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#475569"/></marker></defs>',
    ...lines,
    ...boxes,
    '</svg>\n',
  ].join('\n');
}

function sizeOf({ kind, name, detail }: GraphNode): { readonly width: number; readonly height: number } {
  const characters = Math.max(name.length, detail.length, kind.length);
  return { width: characters * CHARACTER + 2 * PADDING, height: (detail === '' ? 2 : 3) * LINE + PADDING };
}

interface Path {
  readonly points: readonly Point[];
  readonly label: Point;
}

function pathOf(edge: object): Path {
  const {
    points = [],
    x = 0,
    y = 0,
  } = edge as { readonly points?: readonly Point[]; readonly x?: number; readonly y?: number };
  return { points, label: { x, y } };
}

interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

function placeOf(node: object): Box {
  return node as Box;
}

function edgeSvg({ kind, label }: GraphEdge, { points, label: place }: Path): string {
  const path = points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
  const dash = kind === 'uses' ? ' stroke-dasharray="4 3"' : '';
  const text =
    label === ''
      ? ''
      : `<text x="${place.x.toFixed(1)}" y="${place.y.toFixed(1)}" text-anchor="middle" font-size="11" fill="#475569">${escaped(label)}</text>`;
  return `<path d="${path}" fill="none" stroke="#475569"${dash} marker-end="url(#arrow)"/>${text}`;
}

function nodeSvg({ kind, name, detail }: GraphNode, { x, y, width, height }: Box): string {
  const [left, top] = [x - width / 2, y - height / 2];
  const text = (value: string, row: number, extra: string): string =>
    `<text x="${x.toFixed(1)}" y="${(top + LINE * (row + 1)).toFixed(1)}" text-anchor="middle"${extra}>${escaped(value)}</text>`;
  return [
    `<g><rect x="${left.toFixed(1)}" y="${top.toFixed(1)}" width="${width.toFixed(1)}" height="${height}" rx="${kind === 'service' ? 4 : 16}" fill="${FILLS[kind]}" stroke="#475569"/>`,
    text(kind, 0, ' font-size="11" fill="#475569"'),
    text(name, 1, ' font-weight="bold"'),
    ...(detail === '' ? [] : [text(detail, 2, ' font-size="11"')]),
    '</g>',
  ].join('');
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => ESCAPES[character] ?? '');
}

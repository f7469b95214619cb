import type { ProjectGraph } from './project-graph.ts';

/** Says a graph in lines: each service with what it needs, uses and publishes. */
export function drawText({ nodes, edges }: ProjectGraph, title: string): string {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const services = nodes.filter(({ kind }) => kind === 'service');
  const blocks = services.map(({ id, name, detail }) => {
    const lines = [
      ...edges
        .filter((edge) => edge.kind === 'publishes' && edge.to === id)
        .map(({ from, label }) => `◀─ port ${byId.get(from)?.name} to ${label}`),
      ...edges
        .filter((edge) => edge.kind === 'needs' && edge.from === id)
        .map(({ to, label }) => `─▶ ${byId.get(to)?.name}${label === '' ? '' : ` (${label})`}`),
      ...edges
        .filter((edge) => edge.kind === 'uses' && edge.from === id)
        .map(({ to, label }) => `┄┄ ${to}${label === '' ? '' : ` at ${label}`}`),
    ];
    return [`${name}${detail === '' ? '' : `  ${detail}`}`, ...lines.map((line) => `  ${line}`)].join('\n');
  });
  return `project ${title}\n\n${blocks.join('\n\n')}\n`;
}

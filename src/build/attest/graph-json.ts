import { digestOf, type LlbEdge, type LlbNode, type LlbSource, nodesOf, writeDefinition } from '../llb/index.ts';
import { opJson } from './op-json.ts';

/** A graph as BuildKit's provenance shows it: its ops have names, `step0` and so on. */
export interface GraphJson {
  readonly llbDefinition: readonly object[];
  readonly digestMapping: Readonly<Record<string, string>>;
}

export interface GraphSource {
  readonly locations: Readonly<Record<string, object>>;
  readonly infos: readonly object[];
}

/** The steps of a graph, inputs first, and where they are in source files. */
export function graphJson(edge: LlbEdge): { readonly graph: GraphJson; readonly source: GraphSource } {
  const nodes = [...nodesOf(edge)];
  const names = new Map<string, string>(nodes.map(({ digest }, at) => [digest, `step${at}`]));
  const nameOf = ({ node, output }: LlbEdge): string => `${names.get(node.digest)}:${output}`;
  const steps = nodes.map(({ op, inputs }, at) => ({
    id: `step${at}`,
    op: opJson(op),
    ...(inputs.length === 0 ? {} : { inputs: inputs.map(nameOf) }),
  }));
  const last = `step${nodes.length}`;
  const end = writeDefinition(edge).def?.at(-1) ?? new Uint8Array();
  const mapping = [...names, [digestOf(end), last] as const].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    graph: {
      llbDefinition: [...steps, { id: last, op: { Op: {} }, inputs: [nameOf(edge)] }],
      digestMapping: Object.fromEntries(mapping),
    },
    source: sourceOf(nodes),
  };
}

function sourceOf(nodes: readonly LlbNode[]): GraphSource {
  const infos: LlbSource[] = [];
  const locations = nodes.map(({ location }, at) => {
    if (location === undefined) return [`step${at}`, {}] as const;
    const known = infos.indexOf(location.source);
    const index = known < 0 ? infos.push(location.source) - 1 : known;
    const ranges = location.ranges.map(({ start, end }) => ({ start: { line: start.line }, end: { line: end.line } }));
    return [`step${at}`, { locations: [{ ...(index === 0 ? {} : { sourceIndex: index }), ranges }] }] as const;
  });
  return {
    locations: Object.fromEntries(locations),
    infos: infos.map(({ filename, language, data }) => ({
      filename,
      ...(language === '' ? {} : { language }),
      data: Buffer.from(data).toString('base64'),
    })),
  };
}

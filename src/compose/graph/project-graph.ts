import type { Project } from '../model/index.ts';

/** A project as a picture: its parts, and what connects them. */
export interface ProjectGraph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

export interface GraphNode {
  /** `service web`, `network front`. */
  readonly id: string;
  readonly kind: 'service' | 'network' | 'volume' | 'secret' | 'config' | 'port';
  readonly name: string;
  /** A second line: the image of a service, `external`. */
  readonly detail: string;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** `needs`: a dependency; `uses`: a resource; `publishes`: a port of the host. */
  readonly kind: 'needs' | 'uses' | 'publishes';
  /** The condition of a dependency, the target of a mount. */
  readonly label: string;
}

const CONDITIONS: Readonly<Record<string, string>> = {
  service_healthy: 'healthy',
  service_completed_successfully: 'completed',
};

/** The services of a project, what they depend on, and the networks, volumes, secrets, configs and ports that they use. */
export function projectGraph(project: Project): ProjectGraph {
  const nodes = new Map<string, GraphNode>();
  const edges: GraphEdge[] = [];
  const add = (kind: GraphNode['kind'], name: string, detail = ''): string => {
    const id = `${kind} ${name}`;
    if (!nodes.has(id)) nodes.set(id, { id, kind, name, detail });
    return id;
  };
  const external = (of: { readonly external?: boolean } | undefined): string =>
    of?.external === true ? 'external' : '';
  for (const [name, service] of project.services) {
    const from = add('service', name, service.image ?? (service.build === undefined ? '' : 'built'));
    for (const [needed, how] of service.depends_on ?? [])
      edges.push({ from, to: `service ${needed}`, kind: 'needs', label: CONDITIONS[how?.condition ?? ''] ?? '' });
    for (const key of service.networks?.keys() ?? [])
      edges.push({ from, to: add('network', key, external(project.networks.get(key))), kind: 'uses', label: '' });
    for (const { type, source = '', target = '' } of service.volumes ?? []) {
      if (type !== 'volume' || source === '') continue;
      edges.push({
        from,
        to: add('volume', source, external(project.volumes.get(source))),
        kind: 'uses',
        label: target,
      });
    }
    for (const { source = '' } of service.secrets ?? [])
      edges.push({ from, to: add('secret', source), kind: 'uses', label: '' });
    for (const { source = '' } of service.configs ?? [])
      edges.push({ from, to: add('config', source), kind: 'uses', label: '' });
    for (const { published = '', target = 0, protocol = 'tcp' } of service.ports ?? [])
      edges.push({
        ...{ from: add('port', `${published || 'any'}/${protocol}`), to: from, kind: 'publishes' },
        label: String(target),
      });
  }
  return { nodes: [...nodes.values()], edges: edges.filter(({ from, to }) => nodes.has(from) && nodes.has(to)) };
}

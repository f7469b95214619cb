import { formatPlatform, type Platform } from '../../spec/index.ts';
import { type LlbEdge, type LlbNode, nodesOf } from '../llb/index.ts';
import { type GraphJson, type GraphSource, graphJson } from './graph-json.ts';
import { type Material, sourcesOf } from './materials.ts';
import type { ProvenanceOptions } from './provenance-options.ts';

/** What a build was, for its provenance. Times are milliseconds since the epoch. */
export interface ProvenanceInput {
  readonly id: string;
  readonly frontend: string;
  readonly attrs: ReadonlyMap<string, string>;
  /** The graph of the result. Undefined for the empty tree. */
  readonly edge: LlbEdge | undefined;
  /** What the frontend read. */
  readonly read: Iterable<LlbNode>;
  readonly startedAt: number;
  readonly finishedAt: number;
  /** The builder's own. */
  readonly platform: Platform;
}

/** How a result came to be (SLSA provenance). */
export interface Provenance {
  readonly predicateType: string;
  readonly predicate: object;
}

const BUILD_TYPE = 'https://mobyproject.org/buildkit@v1';
const BUILD_TYPE_V1 = 'https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md';
/** Attributes that are about the machine, or are shown elsewhere. */
const HIDDEN = new Set(['cgroup-parent', 'image-resolve-mode', 'platform', 'cache-imports', 'filename', 'context']);
/** Attributes that may tell too much. */
const PRIVATE = /^(?:build-arg|label|vcs):/;

export function provenance(input: ProvenanceInput, options: ProvenanceOptions): Provenance {
  const facts = factsOf(input, options);
  if (options.version === 'v1') {
    return { predicateType: 'https://slsa.dev/provenance/v1', predicate: predicateV1(input, facts, options) };
  }
  return { predicateType: 'https://slsa.dev/provenance/v0.2', predicate: predicateV02(input, facts, options) };
}

interface Facts {
  readonly materials: readonly Material[];
  readonly parameters: object;
  readonly source: Readonly<Record<string, string>>;
  readonly isComplete: { readonly parameters: boolean; readonly materials: boolean };
  readonly graph: { readonly graph: GraphJson; readonly source: GraphSource } | undefined;
}

function factsOf({ frontend, attrs, edge, read }: ProvenanceInput, { mode }: ProvenanceOptions): Facts {
  const nodes = edge === undefined ? [] : [...nodesOf(edge)];
  const { materials, locals } = sourcesOf([...nodes, ...read]);
  const shown = [...attrs].filter(([name]) => !HIDDEN.has(name) && !name.startsWith('attest:'));
  const args = shown.filter(([name]) => mode === 'max' || !PRIVATE.test(name));
  const private_ = mode === 'max' ? privateParameters(nodes) : {};
  const context = attrs.get('context') ?? '';
  const isHiding = args.length < shown.length || (mode === 'min' && Object.keys(privateParameters(nodes)).length > 0);
  return {
    materials,
    parameters: {
      ...(frontend === '' ? {} : { frontend }),
      ...(args.length === 0 ? {} : { args: Object.fromEntries(args.toSorted()) }),
      ...private_,
      ...(locals.length === 0 ? {} : { locals: locals.map((name) => ({ name })) }),
    },
    source: {
      ...(/^[a-z]+:\/\//.test(context) ? { uri: context } : {}),
      ...(frontend === 'dockerfile.v0' ? { path: attrs.get('filename') || 'Dockerfile' } : {}),
    },
    isComplete: {
      parameters: !isHiding,
      materials: locals.length === 0 && materials.every(({ digest }) => digest !== undefined),
    },
    graph: mode === 'max' && edge !== undefined ? graphJson(edge) : undefined,
  };
}

/** Secrets and agents that steps may use, by their ids. */
function privateParameters(nodes: readonly LlbNode[]): Readonly<Record<string, readonly object[]>> {
  const [secrets, agents] = [new Map<string, object>(), new Map<string, object>()];
  const entry = (ID: string, isOptional: boolean) => ({ id: ID, ...(isOptional ? { optional: true } : {}) });
  for (const { op } of nodes) {
    for (const { secretOpt, SSHOpt } of op.exec?.mounts ?? []) {
      if (secretOpt !== undefined) secrets.set(secretOpt.ID, entry(secretOpt.ID, secretOpt.optional));
      if (SSHOpt !== undefined) agents.set(SSHOpt.ID, entry(SSHOpt.ID, SSHOpt.optional));
    }
    for (const { ID, optional } of op.exec?.secretenv ?? []) secrets.set(ID, entry(ID, optional));
  }
  return {
    ...(secrets.size === 0 ? {} : { secrets: [...secrets.values()] }),
    ...(agents.size === 0 ? {} : { ssh: [...agents.values()] }),
  };
}

function predicateV02(input: ProvenanceInput, facts: Facts, options: ProvenanceOptions): object {
  const { materials, parameters, source, isComplete, graph } = facts;
  const { path, ...place } = source;
  return {
    builder: { id: options.builderId },
    buildType: BUILD_TYPE,
    ...(materials.length === 0 ? {} : { materials }),
    invocation: {
      configSource: { ...place, ...(path === undefined ? {} : { entryPoint: path }) },
      parameters,
      environment: { platform: formatPlatform(input.platform) },
    },
    ...(graph === undefined ? {} : { buildConfig: graph.graph }),
    metadata: {
      buildInvocationID: input.id,
      buildStartedOn: new Date(input.startedAt).toISOString(),
      buildFinishedOn: new Date(input.finishedAt).toISOString(),
      completeness: { parameters: isComplete.parameters, environment: true, materials: isComplete.materials },
      reproducible: options.isReproducible,
      [`${BUILD_TYPE}#metadata`]: graph === undefined ? {} : { source: graph.source },
    },
  };
}

function predicateV1(input: ProvenanceInput, facts: Facts, options: ProvenanceOptions): object {
  const { materials, parameters, source, isComplete, graph } = facts;
  return {
    buildDefinition: {
      buildType: BUILD_TYPE_V1,
      ...(materials.length === 0 ? {} : { resolvedDependencies: materials }),
      externalParameters: { configSource: source, request: parameters },
      internalParameters: {
        ...(graph === undefined ? {} : { buildConfig: graph.graph }),
        builderPlatform: formatPlatform(input.platform),
      },
    },
    runDetails: {
      builder: { id: options.builderId },
      metadata: {
        invocationId: input.id,
        startedOn: new Date(input.startedAt).toISOString(),
        finishedOn: new Date(input.finishedAt).toISOString(),
        buildkit_metadata: graph === undefined ? {} : { source: graph.source },
        ...(options.isReproducible ? { buildkit_reproducible: true } : {}),
        buildkit_completeness: { request: isComplete.parameters, resolvedDependencies: isComplete.materials },
      },
    },
  };
}

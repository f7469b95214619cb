import { isObject } from '../../../base/is-object.ts';
import { findErrorDetail, type GrpcError } from '../../../grpc/index.ts';
import type { Op } from '../../../grpc/messages/pb.ts';
import { type LlbEdge, type LlbNode, nodesOf } from '../../llb/index.ts';

/** The digest of an image, which only some stores give. */
const PINNED = /(docker\.io\/[\w/.:-]+)@sha256:[0-9a-f]{64}/g;

/** When an image was imported. */
const IMPORTED = /"20\d\d-\d\d-\d\dT[\d:]+\.\d+Z"/g;

/** Writes what an answer tells in JSON or text. */
export function neutralValue(value: Uint8Array, sessionId: string): Json {
  const text = Buffer.from(value)
    .toString()
    .replaceAll(sessionId, 'SESSION')
    .replace(IMPORTED, '"2026-01-01T00:00:00Z"');
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A value of JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** What comes out of a request, without what differs from one time to the next. */
export interface NeutralGraph {
  readonly steps: readonly Json[];
  /** The index of the step and its output that is the result. */
  readonly result?: string;
}

/** Writes a graph as JSON. Inputs are `step:output`, where steps count from 0 after their inputs. */
export function neutralGraph(edge: LlbEdge | undefined, sessionId: string): NeutralGraph {
  if (edge === undefined) return { steps: [] };
  const nodes = [...nodesOf(edge)];
  const indexes = new Map(nodes.map(({ digest }, index) => [digest, index]));
  const nameOf = ({ node, output }: LlbEdge): string => `${indexes.get(node.digest)}:${output}`;
  return {
    steps: nodes.map((node) => neutralText(neutralStep(node, node.inputs.map(nameOf)), sessionId)),
    result: nameOf(edge),
  };
}

function neutralStep({ op, metadata, location }: LlbNode, inputs: readonly string[]): Json {
  const { inputs: _inputs, constraints: _constraints, ...rest } = op as Op;
  return withoutDefaults({
    op: plain({ ...rest, inputs }),
    description: plain(metadata.description),
    ignoresCache: metadata.ignore_cache,
    group: metadata.progress_group === undefined ? null : plain({ ...metadata.progress_group, id: 'ID' }),
    resources: plain(metadata.linux_resources),
    lines: location?.ranges.map(({ start, end }) => [start.line, end.line]) ?? [],
  });
}

function neutralText(json: Json, sessionId: string): Json {
  return JSON.parse(JSON.stringify(json).replaceAll(sessionId, 'SESSION').replace(PINNED, '$1'));
}

/** The message of an error and the lines that it names. */
export function neutralError(error: GrpcError): Json {
  const source = findErrorDetail(error.details, 'errdefs.Source');
  const ranges = isObject(source) && Array.isArray(source['ranges']) ? source['ranges'] : [];
  return withoutDefaults({
    message: error.message,
    code: error.code,
    lines: ranges.map((range) => [range?.start?.line ?? 0, range?.end?.line ?? 0]),
  });
}

/** A message as JSON: maps are objects, big integers numbers, bytes text; absent and default values are left out. */
export function plain(value: unknown): Json {
  if (value instanceof Map) return withoutDefaults(Object.fromEntries([...value].sort()));
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (isObject(value)) return withoutDefaults(value);
  return value === undefined ? null : (value as Json);
}

export function withoutDefaults(value: Readonly<Record<string, unknown>>): Json {
  const entries = Object.entries(value).map(([key, each]): [string, Json] => [key, plain(each)]);
  return Object.fromEntries(entries.filter(([, each]) => !isDefault(each)));
}

function isDefault(value: Json): boolean {
  if (value === null || value === '' || value === 0 || value === false) return true;
  return Array.isArray(value) && value.length === 0;
}

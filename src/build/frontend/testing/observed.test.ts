/**
 * What BuildKit made of more than a hundred requests, and what we make of them. `observed.jsonl` was recorded in November
 * 2026 with dockerd 28.5.2 and its BuildKit by `record.ts`. `DIFFERENCES` has what differs on purpose.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { isObject } from '../../../base/is-object.ts';
import { decode, encode, type GrpcError, toGrpcError } from '../../../grpc/index.ts';
import { definition } from '../../../grpc/messages/pb.ts';
import { readDefinition, writeDefinition } from '../../llb/index.ts';
import { dockerfileFrontend } from '../index.ts';
import { CASES, type Case } from './cases.ts';
import { memoryBridge } from './memory-bridge.ts';
import { type Json, neutralError, neutralGraph, neutralValue, plain, withoutDefaults } from './neutral.ts';
import { directoriesOf, inputsOf, optionsOf } from './request-of.ts';

interface Observed {
  readonly name: string;
  readonly answer: Readonly<Record<string, Json>>;
}

const [IMAGES_LINE = '', ...ANSWER_LINES] = readFileSync(new URL('observed.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');
const { images: IMAGES } = JSON.parse(IMAGES_LINE) as { readonly images: Readonly<Record<string, unknown>> };
const OBSERVED = ANSWER_LINES.map((line) => JSON.parse(line) as Observed);
const PLATFORM = { os: 'linux', architecture: 'amd64' };
const SESSION = 'f6a3f1c0-session';

/** What differs on purpose, by the case's name. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  'trigger that copies from a stage': 'BuildKit counts the steps of that stage twice: [src 3/2]',
  'COPY with parents': 'the syntax is later, and has the flag',
  security: 'the syntax is later, and has the flag',
};

describe('requests that BuildKit answered', () => {
  for (const { name, answer: seen } of OBSERVED) {
    const given = CASES[name];
    if (given === undefined || DIFFERENCES[name] !== undefined) continue;
    test(name, async () => {
      const asked = typeof given === 'string' ? { file: given } : given;
      const own = await answerOf(asked);
      for (const part of ['error', 'refs', 'metadata', 'warnings', 'requests']) {
        // BuildKit reads the .dockerignore after it has resolved images, and we meanwhile.
        if (part === 'requests' && seen['error'] !== undefined) continue;
        assert.deepEqual(comparable(part, own[part], asked), comparable(part, seen[part], asked), part);
      }
    });
  }
});

/**
 * Without what differs from time to time or has no meaning: the name of an image's step when several stages share it; the
 * base's configuration of a named context; the definition of the step that reads the Dockerfile, in answers to `lint`;
 * and the order in which files are asked for.
 */
function comparable(part: string, json: Json | undefined, asked: Case): Json | undefined {
  if (!isObject(json)) {
    return part === 'requests' && Array.isArray(json) ? json.map((each) => JSON.stringify(each)).sort() : json;
  }
  const text = JSON.stringify(json, (key, value: unknown) => {
    if (part === 'metadata' && key === 'containerimage.base.config' && hasNamed(asked)) return undefined;
    if (part === 'metadata' && key === 'definition') return undefined;
    if (part === 'refs' && isObject(value) && isSharedImage(value, asked)) return { op: value['op'] };
    return value;
  });
  return JSON.parse(text);
}

function hasNamed({ options }: Case): boolean {
  return Object.keys(options ?? {}).some((key) => key.startsWith('context:'));
}

function isSharedImage(step: Readonly<Record<string, unknown>>, { file }: Case): boolean {
  const uses = file.match(/^FROM |from=/gm) ?? [];
  return uses.length > 1 && JSON.stringify(step['op'] ?? '').includes('docker-image://');
}

async function answerOf(asked: Case): Promise<Readonly<Record<string, Json>>> {
  const bridge = memoryBridge({
    directories: directoriesOf(asked),
    images: IMAGES,
    platform: PLATFORM,
    sessionId: SESSION,
  });
  const request = { options: new Map(Object.entries(optionsOf(asked))), inputs: inputsOf(asked) };
  const solve = dockerfileFrontend({ mergesLinks: asked.merges === true });
  const refs: Record<string, Json> = {};
  const metadata: Record<string, Json> = {};
  let failure: GrpcError | undefined;
  try {
    const result = await solve(request, bridge, new AbortController().signal);
    for (const { id, edge } of result.refs) {
      const written = decode(definition, encode(definition, writeDefinition(edge)));
      refs[id] = plain(neutralGraph(readDefinition(written), SESSION));
    }
    if (result.refs.length === 0) refs[''] = { steps: [] };
    for (const [key, value] of result.metadata) metadata[key] = neutralValue(value, SESSION);
  } catch (error) {
    failure = toGrpcError(error);
  }
  return withoutDefaults({
    error: failure === undefined ? null : neutralError(failure),
    requests: bridge.requests.map((each) => withoutDefaults({ ...each })),
    warnings: bridge.warnings.map(({ level, short, detail, url, location }) =>
      withoutDefaults({
        level,
        short,
        detail,
        url,
        lines: location?.ranges.map(({ start, end }) => [start.line, end.line]) ?? [],
      }),
    ),
    refs,
    metadata,
  }) as Readonly<Record<string, Json>>;
}

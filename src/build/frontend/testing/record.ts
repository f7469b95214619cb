/**
 * Records what a real BuildKit makes of the cases: `node src/build/frontend/testing/record.ts SOCKET CONTAINERD-SOCKET`.
 * The sockets are of a dockerd with overlay2, and of one with containerd's image store. Writes `observed.jsonl`: the images, and then an answer a line.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { decode } from '../../../grpc/index.ts';
import { type Definition, definition } from '../../../grpc/messages/pb.ts';
import { readDefinition, writeDefinition } from '../../llb/index.ts';
import { imageConfig, type PeerAnswer, solveWithPeer } from './buildkit-peer.ts';
import { CASES, type Case, IMAGES } from './cases.ts';
import { type Json, neutralError, neutralGraph, neutralValue, plain, withoutDefaults } from './neutral.ts';
import { directoriesOf, inputsOf, optionsOf } from './request-of.ts';

const [socket = '', containerdSocket = ''] = process.argv.slice(2);
for (const each of [socket, containerdSocket]) importImages(each);
const images: Record<string, Json> = {};
for (const name of Object.keys(IMAGES)) images[name] = neutralValue(await imageConfig(socket, name), 'no session');
const lines: Json[] = [{ images }];
for (const [name, given] of Object.entries(CASES)) {
  const asked: Case = typeof given === 'string' ? { file: given } : given;
  const answer = await solveWithPeer(asked.merges ? containerdSocket : socket, {
    options: optionsOf(asked),
    directories: directoriesOf(asked),
    inputs: new Map([...inputsOf(asked)].map(([key, edge]) => [key, writeDefinition(edge)])),
  });
  lines.push({ name, answer: neutralAnswer(answer) });
  process.stderr.write(`${name}: ${answer.error?.message ?? 'ok'}\n`);
}
writeFileSync(new URL('observed.jsonl', import.meta.url), `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
for (const each of [socket, containerdSocket]) docker(each, ['rmi', ...Object.keys(IMAGES)]);

function importImages(host: string): void {
  for (const [name, changes] of Object.entries(IMAGES)) {
    const flags = changes.flatMap((change) => ['--change', change]);
    docker(host, ['import', ...flags, '-', name], Buffer.alloc(1024));
  }
}

function docker(host: string, args: readonly string[], input?: Buffer): string {
  return execFileSync('docker', ['-H', `unix://${host}`, ...args], { input, encoding: 'utf8' });
}

function neutralAnswer({ result, error, warnings, requests, sessionId }: PeerAnswer): Json {
  const refs = result?.refs === undefined ? [['', result?.ref] as const] : [...result.refs.refs];
  return withoutDefaults({
    error: error === undefined ? null : neutralError(error),
    requests: requests.map((each) => withoutDefaults({ ...each })),
    warnings: warnings.map(({ level, short, detail, url, ranges }) =>
      withoutDefaults({
        level,
        short,
        detail,
        url,
        lines: ranges.map((range) => [range?.start?.line, range?.end?.line]),
      }),
    ),
    refs: Object.fromEntries(
      result === undefined ? [] : refs.map(([id, ref]) => [id, plain(neutralGraph(graphOf(ref?.def), sessionId))]),
    ),
    metadata: Object.fromEntries(
      [...(result?.metadata ?? [])].map(([key, value]) => [key, neutralValue(value, sessionId)]),
    ),
  });
}

function graphOf(def: Definition | undefined) {
  return readDefinition(def ?? decode(definition, new Uint8Array()));
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BuildStatus, Vertex } from '../../../client/index.ts';
import { PlainPrinter } from './plain-printer.ts';

const NOTHING: BuildStatus = { vertexes: [], statuses: [], logs: [], warnings: [] };
const at = (seconds: number) => ({ seconds: 1000 + seconds, nanos: 0 });

function vertex(name: string, times: Partial<Vertex>): BuildStatus {
  const rest = {
    inputs: [],
    cached: false,
    error: '',
    started: undefined,
    completed: undefined,
    progressGroup: undefined,
  };
  return { ...NOTHING, vertexes: [{ ...rest, digest: name, name, ...times }] };
}

function log(name: string, seconds: number, text: string): BuildStatus {
  return { ...NOTHING, logs: [{ vertex: name, timestamp: at(seconds), stream: 1, msg: Buffer.from(text) }] };
}

function printed(...messages: readonly BuildStatus[]): string {
  let text = '';
  const printer = new PlainPrinter((part) => {
    text += part;
  });
  for (const message of messages) printer.take(message);
  printer.end();
  return text;
}

test('a step has its name, its output with times, and its end', () => {
  const text = printed(
    vertex('RUN x', {}),
    vertex('RUN x', { started: at(0) }),
    log('RUN x', 1, 'one\ntw'),
    log('RUN x', 12, 'o\nrest'),
    vertex('RUN x', { started: at(0), completed: at(13) }),
  );
  assert.equal(text, '\n#1 RUN x\n#1 1.000 one\n#1 1.000 two\n#1 12.00 rest\n#1 DONE 13.0s\n');
});

test('a step that begins again has not ended', () => {
  const text = printed(
    vertex('COPY', { started: at(0), completed: at(0) }),
    vertex('COPY', { started: at(1) }),
    vertex('COPY', { started: at(1), completed: at(3) }),
    vertex('RUN', { started: at(1), completed: at(1), cached: true }),
    vertex('fails', { started: at(1), completed: at(1), error: 'why' }),
    vertex('given up', { started: at(1), completed: at(1), error: 'x: context canceled' }),
  );
  assert.equal(
    text,
    '\n#1 COPY\n#1 DONE 2.0s\n\n#2 RUN\n#2 CACHED\n\n#3 fails\n#3 ERROR: why\n\n#4 given up\n#4 CANCELED\n',
  );
});

test('a step that runs when its build is given up is cancelled', () => {
  assert.equal(printed(vertex('RUN', { started: at(0) })), '\n#1 RUN\n#1 CANCELED\n');
});

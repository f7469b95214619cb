import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { EngineError, errnoOf, invalid } from '../base/errors.ts';

/** What Node has no decoder for, and the program that has (package xz-utils, bzip2), reading and writing pipes. */
const PROGRAMS = {
  bzip2: ['bzip2', '-dc'],
  // A stream says itself how much memory it wants: up to 4 GiB.
  xz: ['xz', '-dc', '--no-adjust', '--memlimit-decompress=256MiB'],
} as const;

export type ProgramCompression = keyof typeof PROGRAMS;

const MESSAGE_MAX = 300;

/** Decompresses by a program of the system, which ends with the stream. Fails with EngineError invalid or unavailable. */
export function programDecoder(compression: ProgramCompression): Duplex {
  const [program, ...args] = PROGRAMS[compression];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk).slice(0, MESSAGE_MAX);
  });
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  ended.catch(() => {});
  child.once('error', (error) => {
    const isMissing = errnoOf(error) === 'ENOENT';
    reject(isMissing ? new EngineError('unavailable', `${compression} data needs the program ${program}`) : error);
  });
  child.once('close', (code) => {
    if (code === 0) resolve();
    else reject(invalid(`broken compressed data: ${said.trim() || `${program} failed`}`));
  });
  // A program that gave up reads no more: why is told by its end.
  child.stdin.on('error', () => {});
  const output = child.stdout[Symbol.asyncIterator]();
  return new Duplex({
    read() {
      output
        .next()
        .then(async ({ done, value }) => {
          if (done === true) await ended;
          this.push(done === true ? null : value);
        })
        // Why the program ended says more than that its output did.
        .catch((error: Error) =>
          ended.then(
            () => this.destroy(error),
            (why: Error) => this.destroy(why),
          ),
        );
    },
    write(chunk: Buffer, _encoding, done) {
      if (child.stdin.destroyed) done();
      else child.stdin.write(chunk, () => done());
    },
    final(done) {
      child.stdin.end();
      done();
    },
    destroy(error, done) {
      child.kill('SIGKILL');
      done(error);
    },
  });
}

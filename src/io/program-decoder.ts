import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { EngineError, errnoOf, invalid } from '../base/errors.ts';

/**
 * Compressions that Node cannot decode, and the programs that can (packages xz-utils, bzip2). They read and write
 * pipes.
 */
const PROGRAMS = {
  bzip2: ['bzip2', '-dc'],
  // A stream itself says how much memory it needs, up to 4 GiB.
  xz: ['xz', '-dc', '--no-adjust', '--memlimit-decompress=256MiB'],
} as const;

export type ProgramCompression = keyof typeof PROGRAMS;

const MESSAGE_MAX = 300;

/**
 * Decompresses with a program of the system, which ends with the stream. Fails with EngineError invalid or unavailable.
 */
export function programDecoder(compression: ProgramCompression): Duplex {
  const [program, ...args] = PROGRAMS[compression];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = endOf(child, compression);
  ended.catch(() => {});
  // A program that has failed reads no more. Its exit tells the reason.
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
        // The program's exit is a better explanation than the end of its output.
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

/** Resolves when the program has succeeded. @throws EngineError invalid with its words, unavailable when it is missing */
function endOf(child: ChildProcessWithoutNullStreams, compression: ProgramCompression): Promise<void> {
  const [program] = PROGRAMS[compression];
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk).slice(0, MESSAGE_MAX);
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.once('error', (error) => {
    const isMissing = errnoOf(error) === 'ENOENT';
    reject(isMissing ? new EngineError('unavailable', `${compression} data needs the program ${program}`) : error);
  });
  child.once('close', (code) => {
    if (code === 0) resolve();
    else reject(invalid(`broken compressed data: ${said.trim() || `${program} failed`}`));
  });
  return promise;
}

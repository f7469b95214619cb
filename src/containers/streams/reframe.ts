import { Transform } from 'node:stream';
import { Demultiplexer } from '../../io/index.ts';

const STDOUT = 1;
const HEADER_BYTES = 8;

/**
 * Returns the header of a frame of stdout: the stream, three zeros, the length of the data. Source: Engine API, "Stream
 * format".
 */
export function stdoutHeader(sizeBytes: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = STDOUT;
  header.writeUInt32BE(sizeBytes, 4);
  return header;
}

/** Turns the raw output of a terminal into frames of stdout, for a client that expects frames. */
export function terminalToFrames(): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      this.push(stdoutHeader(chunk.length));
      done(null, chunk);
    },
  });
}

/** Turns frames into raw output, for a client that expects a terminal's. Like dockerd, it drops stderr. */
export function framesToStdout(): Transform {
  let output: Transform;
  const frames = new Demultiplexer(
    (data) => output.push(data),
    () => undefined,
  );
  output = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        frames.push(chunk);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
  return output;
}

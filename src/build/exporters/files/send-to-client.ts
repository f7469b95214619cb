import { type Readable, Transform } from 'node:stream';
import type { ExportContext } from '../exporter.ts';

const REPORT_INTERVAL_MS = 100;

/** Sends the client one file, with what it learns about the build, and shows how much has gone. @throws EngineError */
export async function sendToClient(
  { session, report, signal }: ExportContext,
  file: { readonly exporterId: string; readonly response: ReadonlyMap<string, string>; readonly bytes: Readable },
): Promise<void> {
  const { exporterId, response, bytes } = file;
  const started = Date.now();
  const part = { id: 'sending tarball', started };
  let [sent, reported] = [0, started];
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sent += chunk.length;
      if (Date.now() - reported >= REPORT_INTERVAL_MS) {
        reported = Date.now();
        report({ ...part, current: sent });
      }
      done(null, chunk);
    },
  });
  report({ ...part, current: 0 });
  bytes.on('error', (error) => counted.destroy(error));
  counted.once('close', () => bytes.destroy());
  try {
    const metadata = Object.fromEntries([...response].map(([key, value]) => [`exporter-md-${key}`, value]));
    await (await session()).sendFile({ exporterId, metadata, bytes: bytes.pipe(counted) }, signal);
  } finally {
    counted.destroy();
  }
  report({ ...part, current: sent, completed: Date.now() });
}

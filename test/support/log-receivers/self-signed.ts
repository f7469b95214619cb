import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from '../command.ts';

/** A certificate that signs itself. */
export interface SelfSigned {
  readonly key: Buffer;
  readonly cert: Buffer;
  /** The file of the certificate, until the test ends. */
  readonly path: string;
}

/** Makes a certificate for one name: `DNS:collector.test`, `IP:127.0.0.1`. */
export async function selfSigned(t: { after(fn: () => void): void }, name: string): Promise<SelfSigned> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-certificate-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [key, path] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=x'];
  const made = await command('openssl', [
    'req',
    '-x509',
    ...kind,
    '-addext',
    `subjectAltName=${name}`,
    '-keyout',
    key,
    '-out',
    path,
  ]);
  assert.equal(made.code, 0, made.stderr);
  return { key: readFileSync(key), cert: readFileSync(path), path };
}

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { command } from './command.ts';
import { type GantryRegistry, gantryRegistry, temporaryFile } from './gantry-registry.ts';

export interface TlsRegistry extends GantryRegistry {
  /** The file of its certificate, which signs itself. */
  readonly certificate: string;
}

/** A registry with https on `127.0.0.1:PORT`: docker compose speaks no other with one. */
export async function tlsRegistry(t: { after(fn: () => void): void }): Promise<TlsRegistry> {
  const certificate = temporaryFile(t, 'cert.pem');
  const key = join(dirname(certificate), 'key.pem');
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const made = await command('openssl', ['req', '-x509', ...kind, ...names, '-keyout', key, '-out', certificate]);
  assert.equal(made.code, 0, made.stderr);
  const registry = await gantryRegistry(['--tls-cert', certificate, '--tls-key', key]);
  return { ...registry, certificate, [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose]() };
}

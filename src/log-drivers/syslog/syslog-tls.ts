import { readFileSync } from 'node:fs';
import { type ConnectionOptions, createSecureContext, rootCertificates } from 'node:tls';
import { errnoOf, invalid, messageOf } from '../../base/errors.ts';
import { isIP } from '../../base/ip-version.ts';
import type { LogOptions } from '../log-options.ts';

/** Reads the files that the options name. @throws EngineError invalid, in dockerd's words, when one is missing or malformed */
export function syslogTls(options: LogOptions, host: string): ConnectionOptions {
  const {
    'syslog-tls-ca-cert': caFile = '',
    'syslog-tls-cert': certFile = '',
    'syslog-tls-key': keyFile = '',
  } = options;
  // As with dockerd any value turns the check off.
  const verifies = options['syslog-tls-skip-verify'] === undefined;
  const ca =
    caFile === '' || !verifies ? undefined : read(caFile, `could not read CA certificate ${JSON.stringify(caFile)}: `);
  const pair = certFile === '' && keyFile === '' ? {} : keyPair(certFile, keyFile);
  return {
    ...pair,
    ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }),
    ...(isIP(host) === 0 ? { servername: host } : {}),
    rejectUnauthorized: verifies,
    minVersion: 'TLSv1.2',
  };
}

function keyPair(certFile: string, keyFile: string): { readonly cert: Buffer; readonly key: Buffer } {
  const problem = 'Could not load X509 key pair: ';
  const pair = { cert: read(certFile, problem), key: read(keyFile, problem) };
  try {
    createSecureContext(pair);
  } catch (error) {
    throw invalid(`${problem}${messageOf(error)}`);
  }
  return pair;
}

function read(path: string, problem: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const why = errnoOf(error) === 'ENOENT' ? 'no such file or directory' : messageOf(error);
    throw invalid(`${problem}open ${path}: ${why}`);
  }
}

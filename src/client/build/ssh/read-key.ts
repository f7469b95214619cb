import { createPrivateKey, type JsonWebKey } from 'node:crypto';
import { EngineError, invalid, messageOf } from '../../../base/errors.ts';
import { type SshKey, sshKey } from './ssh-key.ts';
import { SshReader } from './wire.ts';

const OPENSSH = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]*)-----END OPENSSH PRIVATE KEY-----/;
const MAGIC = 'openssh-key-v1\0';
const CURVES: Readonly<Record<string, string>> = { nistp256: 'P-256', nistp384: 'P-384', nistp521: 'P-521' };

/**
 * Reads a private key: OpenSSH's own format (PROTOCOL.key), or PEM (PKCS #1, PKCS #8, SEC 1). `name` is that of its file.
 * @throws EngineError invalid for keys with a passphrase, of other kinds, and for other files
 */
export function readKey(bytes: Buffer, name: string): SshKey {
  const text = bytes.toString('latin1');
  try {
    const openssh = OPENSSH.exec(text)?.[1];
    if (openssh !== undefined) return opensshKey(Buffer.from(openssh, 'base64'), name);
    if (
      !/-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/.test(text) &&
      !text.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----')
    )
      throw invalid('it is no private key');
    if (/ENCRYPTED/.test(text)) throw protectedKey();
    return sshKey(createPrivateKey(bytes), name);
  } catch (error) {
    throw new EngineError('invalid', `SSH key ${name}: ${messageOf(error)}`, { cause: error });
  }
}

function protectedKey(): EngineError {
  return invalid('it is protected by a passphrase: add it to an agent by ssh-add, and give that agent to the build');
}

function opensshKey(bytes: Buffer, name: string): SshKey {
  const reader = new SshReader(bytes);
  if (reader.take(MAGIC.length).toString('latin1') !== MAGIC) throw invalid('its format is not known');
  const [cipher, derivation] = [reader.string().toString(), reader.string().toString()];
  reader.string();
  if (reader.uint32() !== 1) throw invalid('it has not one key');
  reader.string();
  if (cipher !== 'none' || derivation !== 'none') throw protectedKey();
  const own = new SshReader(reader.string());
  const check = own.uint32();
  if (own.uint32() !== check) throw invalid('its check numbers differ');
  const jwk = privateJwk(own.string().toString(), own);
  return sshKey(createPrivateKey({ key: jwk, format: 'jwk' }), own.string().toString() || name);
}

/** Reads the fields of a key's kind. */
function privateJwk(type: string, reader: SshReader): JsonWebKey {
  if (type === 'ssh-ed25519') {
    const x = reader.string();
    // The seed, followed by the public key.
    return { kty: 'OKP', crv: 'Ed25519', x: text(x), d: text(reader.string().subarray(0, 32)) };
  }
  if (type === 'ssh-rsa') {
    const [n, e, d, qi, p, q] = [0, 1, 2, 3, 4, 5].map(() => reader.number()) as [
      Buffer,
      Buffer,
      Buffer,
      Buffer,
      Buffer,
      Buffer,
    ];
    return {
      ...{ kty: 'RSA', n: text(n), e: text(e), d: text(d), p: text(p), q: text(q), qi: text(qi) },
      ...{ dp: text(remainder(d, p)), dq: text(remainder(d, q)) },
    };
  }
  const crv = type.startsWith('ecdsa-sha2-') ? CURVES[reader.string().toString()] : undefined;
  if (crv === undefined) throw invalid(`keys of the kind ${type} are not supported`);
  const point = reader.string();
  const length = (point.length - 1) / 2;
  if (point[0] !== 4 || !Number.isInteger(length)) throw invalid('its point is not plain');
  const d = reader.number();
  const padded = Buffer.concat([Buffer.alloc(Math.max(0, length - d.length)), d]);
  return {
    kty: 'EC',
    crv,
    x: text(point.subarray(1, 1 + length)),
    y: text(point.subarray(1 + length)),
    d: text(padded),
  };
}

function text(bytes: Buffer): string {
  return bytes.toString('base64url');
}

/** The remainder of a number by a prime less one: what the Chinese remainder theorem needs. @throws EngineError invalid */
function remainder(number: Buffer, prime: Buffer): Buffer {
  const divisor = BigInt(`0x0${prime.toString('hex')}`) - 1n;
  if (divisor <= 0n) throw invalid('its primes are none');
  const hex = (BigInt(`0x0${number.toString('hex')}`) % divisor).toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
}

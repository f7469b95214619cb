import { type KeyObject, sign } from 'node:crypto';
import { invalid } from '../../../base/errors.ts';
import { sshNumber, sshString } from './wire.ts';

/** A private key, as an SSH agent uses it. */
export interface SshKey {
  /** The public key as SSH writes it (RFC 4253, section 6.6). */
  readonly publicKey: Buffer;
  readonly comment: string;
  /** Signs as SSH writes signatures. `flags` are those of the agent's protocol, which choose the hash of RSA. */
  sign(data: Uint8Array, flags: number): Buffer;
}

const RSA_SHA2_256 = 2;
const RSA_SHA2_512 = 4;
const CURVES: Readonly<Record<string, { readonly name: string; readonly hash: string }>> = {
  'P-256': { name: 'nistp256', hash: 'sha256' },
  'P-384': { name: 'nistp384', hash: 'sha384' },
  'P-521': { name: 'nistp521', hash: 'sha512' },
};

/** @throws EngineError invalid for keys of other kinds than Ed25519, RSA and ECDSA */
export function sshKey(key: KeyObject, comment: string): SshKey {
  const { kty, crv = '', x, y, n, e } = key.export({ format: 'jwk' });
  const bytes = (text: unknown): Buffer => Buffer.from(String(text), 'base64url');
  if (kty === 'OKP' && crv === 'Ed25519') {
    const type = sshString('ssh-ed25519');
    const signed = (data: Uint8Array) => Buffer.concat([type, sshString(sign(null, data, key))]);
    return { publicKey: Buffer.concat([type, sshString(bytes(x))]), comment, sign: signed };
  }
  if (kty === 'RSA') {
    const signed = (data: Uint8Array, flags: number): Buffer => {
      const [name, hash] = rsaAlgorithm(flags);
      return Buffer.concat([sshString(name), sshString(sign(hash, data, key))]);
    };
    return {
      publicKey: Buffer.concat([sshString('ssh-rsa'), sshNumber(bytes(e)), sshNumber(bytes(n))]),
      comment,
      sign: signed,
    };
  }
  const curve = kty === 'EC' ? CURVES[String(crv)] : undefined;
  if (curve === undefined) throw invalid(`keys of the kind ${key.asymmetricKeyType} are not supported`);
  const type = sshString(`ecdsa-sha2-${curve.name}`);
  const point = Buffer.concat([Buffer.from([4]), bytes(x), bytes(y)]);
  return {
    publicKey: Buffer.concat([type, sshString(curve.name), sshString(point)]),
    comment,
    sign(data) {
      const pair = sign(curve.hash, data, { key, dsaEncoding: 'ieee-p1363' });
      const half = pair.length / 2;
      const numbers = Buffer.concat([sshNumber(pair.subarray(0, half)), sshNumber(pair.subarray(half))]);
      return Buffer.concat([type, sshString(numbers)]);
    },
  };
}

function rsaAlgorithm(flags: number): readonly [name: string, hash: string] {
  if ((flags & RSA_SHA2_512) !== 0) return ['rsa-sha2-512', 'sha512'];
  return (flags & RSA_SHA2_256) !== 0 ? ['rsa-sha2-256', 'sha256'] : ['ssh-rsa', 'sha1'];
}

import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import { invalid, messageOf } from '../../base/errors.ts';
import { isObject } from '../../base/is-object.ts';
import { ownValue } from '../../base/own-value.ts';
import { RegistryError } from '../errors.ts';

/** The content of a token whose signature and times are valid. */
export interface TokenClaims {
  readonly subject: string | undefined;
  readonly access: readonly TokenAccess[];
}

export interface TokenAccess {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

export interface TokenKeys {
  /** Returns the candidates for a token's `kid`: that key, or all when the token has none. */
  find(keyId: string | undefined): readonly KeyObject[];
}

const TOKEN_MAX = 64 << 10;
/** Tolerance for different clocks. */
const LEEWAY_SECONDS = 60;
/** Accepted algorithms. `none` is not accepted, nor is HMAC, for which a public key would serve as the secret. */
const ALGORITHMS: Readonly<Record<string, { readonly keyType: string; readonly curve?: string }>> = {
  RS256: { keyType: 'rsa' },
  ES256: { keyType: 'ec', curve: 'prime256v1' },
};

/** Parses PEM public keys or certificates, or a JWKS document. @throws EngineError invalid */
export function parseTokenKeys(text: string): TokenKeys {
  const keys: { readonly id: string | undefined; readonly key: KeyObject }[] = [];
  try {
    if (text.trimStart().startsWith('{')) {
      const set = JSON.parse(text) as { keys?: (JsonWebKey & { kid?: string })[] };
      for (const jwk of set.keys ?? []) keys.push({ id: jwk.kid, key: createPublicKey({ key: jwk, format: 'jwk' }) });
    } else {
      for (const [pem] of text.matchAll(/-----BEGIN ([A-Z ]+)-----[\s\S]+?-----END \1-----/g)) {
        keys.push({ id: undefined, key: createPublicKey(pem) });
      }
    }
  } catch (error) {
    throw invalid(`the keys of the token service cannot be read: ${messageOf(error)}`, error);
  }
  if (keys.length === 0) throw invalid('there is no key of the token service: a PEM public key or a JWKS document');
  return {
    find: (keyId) => {
      const named = keys.filter(({ id }) => id !== undefined && id === keyId);
      // PEM keys have no id: any of them may have signed.
      return (named.length > 0 ? named : keys.filter(({ id }) => id === undefined || keyId === undefined)).map(
        ({ key }) => key,
      );
    },
  };
}

/**
 * Verifies a JWT of the Docker token specification (RFC 7519 and 7515, compact form).
 * @throws RegistryError UNAUTHORIZED
 */
export function verifyToken(
  token: string,
  expected: {
    readonly keys: TokenKeys;
    readonly issuer: string;
    readonly audience: string;
    /** Seconds since the epoch. */
    readonly now: number;
  },
): TokenClaims {
  const [head = '', payload = '', signature = '', ...rest] = token.split('.');
  if (token.length > TOKEN_MAX || signature === '' || rest.length > 0) throw refused('it is malformed');
  const header = decodePart(head);
  const algorithm = typeof header['alg'] === 'string' ? header['alg'] : '';
  const kind = ownValue(ALGORITHMS, algorithm);
  if (kind === undefined) throw refused(`algorithm ${JSON.stringify(algorithm.slice(0, 20))}`);
  if (header['crit'] !== undefined) throw refused('it demands an extension');
  const signed = Buffer.from(`${head}.${payload}`);
  const bytes = Buffer.from(signature, 'base64url');
  const keyId = typeof header['kid'] === 'string' ? header['kid'] : undefined;
  const genuine = expected.keys
    .find(keyId)
    .filter(
      ({ asymmetricKeyType, asymmetricKeyDetails }) =>
        asymmetricKeyType === kind.keyType &&
        (kind.curve === undefined || asymmetricKeyDetails?.namedCurve === kind.curve),
    )
    .some((key) => verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, bytes));
  if (!genuine) throw refused('its signature is not of the token service');

  const claims = decodePart(payload);
  if (claims['iss'] !== expected.issuer) throw refused('another service issued it');
  const audience = Array.isArray(claims['aud']) ? claims['aud'] : [claims['aud']];
  if (!audience.includes(expected.audience)) throw refused('it is for another registry');
  const [expires, from] = [claims['exp'], claims['nbf']];
  if (typeof expires !== 'number' || expires + LEEWAY_SECONDS < expected.now) throw refused('it has expired');
  if (from !== undefined && !(typeof from === 'number' && from - LEEWAY_SECONDS <= expected.now)) {
    throw refused('it is not valid yet');
  }
  const subject = typeof claims['sub'] === 'string' && claims['sub'] !== '' ? claims['sub'] : undefined;
  return { subject, access: accessOf(claims['access']) };
}

function accessOf(value: unknown): readonly TokenAccess[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (item: unknown): item is TokenAccess =>
      isObject(item) &&
      typeof item['type'] === 'string' &&
      typeof item['name'] === 'string' &&
      Array.isArray(item['actions']),
  );
}

function decodePart(part: string): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    if (isObject(json)) return json;
  } catch {
    // The error is thrown below.
  }
  throw refused('it is malformed');
}

function refused(why: string): RegistryError {
  return new RegistryError('UNAUTHORIZED', `invalid token: ${why}`);
}

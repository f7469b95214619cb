import { createHmac, randomBytes } from 'node:crypto';
import { compare } from 'bcryptjs';
import { invalid } from '../../base/errors.ts';
import { RegistryError } from '../errors.ts';

/** Names and passwords from a file of `htpasswd -B`. */
export interface Passwords {
  /** @throws RegistryError TOOMANYREQUESTS when too many checks are waiting */
  verify(name: string, password: string): Promise<boolean>;
}

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
/** A check at cost 17 takes ten seconds. */
const COST_MAX = 16;
/** bcrypt ignores further bytes. */
const PASSWORD_BYTES_MAX = 72;
const WAITING_MAX = 64;
const REMEMBERED_MAX = 1000;
const REMEMBERED_MS = 10 * 60 * 1000;

/**
 * Parses a password file. bcrypt is slow on purpose (and blocks: 50 ms at htpasswd's cost 5, more at higher ones),
 * while a push sends its password with every request. So one password is checked at a time, and a right one is
 * remembered for ten minutes, as a keyed hash.
 * @throws EngineError invalid for a line that is not a bcrypt entry, with its number
 */
export function parseHtpasswd(text: string): Passwords {
  const hashes = hashesIn(text);
  const key = randomBytes(32);
  const remembered = new Map<string, number>();
  // Unknown names are compared with this hash, so that the time does not reveal which names exist.
  const [someHash = '$2y$05$......................................................'] = hashes.values();
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  const check = async (name: string, password: string): Promise<boolean> => {
    const hash = hashes.get(name);
    const right = await compare(password, hash ?? someHash);
    return right && hash !== undefined;
  };

  return {
    async verify(name, password) {
      if (Buffer.byteLength(password) > PASSWORD_BYTES_MAX) return false;
      const secret = createHmac('sha256', key)
        .update(JSON.stringify([name, password]))
        .digest('base64');
      const until = remembered.get(secret);
      if (until !== undefined && until > performance.now()) return true;
      remembered.delete(secret);
      if (waiting >= WAITING_MAX) throw new RegistryError('TOOMANYREQUESTS', 'too many logins at once, try again');
      waiting += 1;
      try {
        const turn = last.then(() => check(name, password));
        last = turn.catch(() => {});
        if (!(await turn)) return false;
      } finally {
        waiting -= 1;
      }
      if (remembered.size >= REMEMBERED_MAX) remembered.delete(remembered.keys().next().value ?? '');
      remembered.set(secret, performance.now() + REMEMBERED_MS);
      return true;
    },
  };
}

/** The bcrypt hashes of a password file, by name. @throws EngineError invalid */
function hashesIn(text: string): ReadonlyMap<string, string> {
  const hashes = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    const [name, hash] = [line.slice(0, colon), line.slice(colon + 1).trim()];
    const cost = BCRYPT.exec(hash)?.[1];
    if (colon < 1 || cost === undefined)
      throw invalid(`line ${index + 1} is not a bcrypt entry: make it with htpasswd -B`);
    if (Number(cost) > COST_MAX) throw invalid(`line ${index + 1}: cost ${cost} is beyond ${COST_MAX}`);
    hashes.set(name, hash);
  }
  return hashes;
}

import { EngineError } from '../../../base/errors.ts';
import { readInRoot } from '../../../linux/index.ts';
import { USER_FILE_BYTES_MAX } from '../../../runtime/index.ts';
import type { FileOwner } from '../../../store/index.ts';

const NUMBER = /^[+-]?\d{1,10}$/;

/** Returns the owner that `--chown` names, by the user files of a root. @throws EngineError failed, in dockerd's words */
export function ownerOf(text: string, root: string): FileOwner {
  const [user = '', group = user, ...rest] = text.split(':');
  if (rest.length > 0) throw failure(`invalid chown string format: ${text}`);
  return {
    uid: idOf(user, { root, file: '/etc/passwd', kind: 'user', id: 'uid' }),
    gid: idOf(group, { root, file: '/etc/group', kind: 'group', id: 'gid' }),
  };
}

function idOf(
  name: string,
  where: { readonly root: string; readonly file: string; readonly kind: string; readonly id: string },
): number {
  if (NUMBER.test(name)) return Number(name);
  const { root, file, kind, id } = where;
  const text = readInRoot(root, file, USER_FILE_BYTES_MAX)?.toString('utf8') ?? '';
  const line = text.split('\n').find((each) => each.startsWith(`${name}:`));
  const number = line?.split(':')[2] ?? '';
  if (NUMBER.test(number)) return Number(number);
  throw failure(`can't find ${id} for ${kind} ${name}: no such ${kind}: ${name}`);
}

function failure(message: string): EngineError {
  return new EngineError('failed', `unable to convert uid/gid chown string to host mapping: ${message}`);
}

import { EngineError } from '../../base/errors.ts';

/** Reads a file of the container's root, resolved beneath it. Returns undefined when it does not exist. */
export type ReadRootFile = (path: '/etc/passwd' | '/etc/group') => string | undefined;

export interface ContainerUser {
  readonly uid: number;
  readonly gid: number;
  /** The primary group, then the supplementary ones, each once. */
  readonly additionalGids: readonly number[];
  /** `/` for a user that the image does not list. */
  readonly home: string;
}

const MAX_ID = 2_147_483_647;

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** Most bytes read of /etc/passwd and /etc/group of a container. Those of a large site stay far below this. */
export const USER_FILE_BYTES_MAX = 16 << 20;

/**
 * Resolves `user` (`name|uid[:group|gid]`, '' for uid 0) in the image. An explicit group replaces all groups of the
 * user. A number that the files do not list stands for itself, with group 0.
 * @throws EngineError internal with Docker's text: unknown names, ids out of range
 */
export function resolveUser(user: string, groupAdd: readonly string[], read: ReadRootFile): ContainerUser {
  const colon = user.indexOf(':');
  const [userPart, groupPart] = colon < 0 ? [user, ''] : [user.slice(0, colon), user.slice(colon + 1)];
  const wantedUid = decimal(userPart);
  const entry = parsePasswd(read('/etc/passwd') ?? '').find((candidate) => {
    if (userPart === '') return candidate.uid === 0;
    return wantedUid === undefined ? candidate.name === userPart : candidate.uid === wantedUid;
  });
  if (entry === undefined && userPart !== '' && wantedUid === undefined) {
    throw fault(`unable to find user ${userPart}: no matching entries in passwd file`);
  }
  const uid = entry?.uid ?? inRange(wantedUid ?? 0);

  const groups = parseGroup(read('/etc/group') ?? '');
  const gid = groupPart === '' ? (entry?.gid ?? 0) : primaryGroup(groupPart, groups);
  const supplementary =
    groupPart === '' && entry !== undefined
      ? groups.filter((group) => group.members.includes(entry.name)).map((group) => group.gid)
      : [];
  const extra = groupAdd.map((name) => additionalGroup(name, groups));
  const home = entry?.home || '/';
  return { uid, gid, additionalGids: [...new Set([gid, ...supplementary, ...extra])], home };
}

function primaryGroup(name: string, groups: readonly GroupEntry[]): number {
  const wanted = decimal(name);
  const known = groups.find((group) => (wanted === undefined ? group.name === name : group.gid === wanted));
  if (known !== undefined) return known.gid;
  if (wanted === undefined) throw fault(`unable to find group ${name}: no matching entries in group file`);
  return inRange(wanted);
}

function additionalGroup(name: string, groups: readonly GroupEntry[]): number {
  const known = groups.find((group) => group.name === name || String(group.gid) === name);
  if (known !== undefined) return known.gid;
  const wanted = decimal(name);
  if (wanted === undefined) throw fault(`unable to find group ${name}: no matching entries in group file`);
  return inRange(wanted);
}

/** Parses passwd(5). As in Docker, missing and malformed fields count as 0. */
function parsePasswd(text: string): readonly PasswdEntry[] {
  return rows(text).map(([name = '', , uid = '', gid = '', , home = '']) => ({
    name,
    uid: decimal(uid) ?? 0,
    gid: decimal(gid) ?? 0,
    home,
  }));
}

/** Parses group(5). */
function parseGroup(text: string): readonly GroupEntry[] {
  return rows(text).map(([name = '', , gid = '', members = '']) => ({
    name,
    gid: decimal(gid) ?? 0,
    members: members.split(',').filter((member) => member !== ''),
  }));
}

function rows(text: string): readonly string[][] {
  const result: string[][] = [];
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed !== '') result.push(trimmed.split(':'));
  }
  return result;
}

function decimal(text: string): number | undefined {
  return /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
}

function inRange(id: number): number {
  if (id < 0 || id > MAX_ID) throw fault(`uids and gids must be in range 0-${MAX_ID}`);
  return id;
}

/** Docker responds to these errors with status 500, when the container starts. */
function fault(message: string): EngineError {
  return new EngineError('failed', message);
}

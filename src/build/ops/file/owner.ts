import { EngineError } from '../../../base/errors.ts';
import type { ChownOpt, FileAction, UserOpt } from '../../../grpc/messages/pb.ts';
import { readInRoot } from '../../../linux/index.ts';
import { resolveUser, USER_FILE_BYTES_MAX } from '../../../runtime/index.ts';
import type { FileOwner } from '../../../store/index.ts';

/** Returns the owner that an action gives to what it makes. */
export function ownerOf({ copy, mkfile, mkdir, symlink }: FileAction): ChownOpt | undefined {
  return (copy ?? mkfile ?? mkdir ?? symlink)?.owner;
}

/** The inputs in which names of owners are looked up, beside the one that the action changes. */
export function ownerInputs(action: FileAction): readonly number[] {
  const owner = ownerOf(action);
  const inputs = [owner?.user, owner?.group].flatMap((user) => user?.byName?.input ?? []);
  return inputs.filter((input) => input !== action.input);
}

/**
 * Returns the owner as numbers. A user's group is its own, and that of a number has the same number. A name that is
 * unknown stands for root, as with BuildKit. `rootOf` returns the folder of an input; undefined for the empty tree.
 */
export function resolveOwner(owner: ChownOpt, rootOf: (input: number) => string | undefined): FileOwner {
  const user = owner.user === undefined ? { uid: 0, gid: 0 } : userOf(owner.user, rootOf);
  if (owner.group === undefined) return user;
  const { byName, byID } = owner.group;
  return {
    uid: user.uid,
    gid: byName === undefined ? (byID ?? 0) : lookUp(`0:${byName.name}`, rootOf(byName.input)).gid,
  };
}

function userOf({ byName, byID }: UserOpt, rootOf: (input: number) => string | undefined): FileOwner {
  if (byName === undefined) return { uid: byID ?? 0, gid: byID ?? 0 };
  return lookUp(byName.name, rootOf(byName.input));
}

function lookUp(name: string, root: string | undefined): FileOwner {
  if (root === undefined) return { uid: 0, gid: 0 };
  try {
    const { uid, gid } = resolveUser(name, [], (path) => readInRoot(root, path, USER_FILE_BYTES_MAX)?.toString('utf8'));
    return { uid, gid };
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'failed') return { uid: 0, gid: 0 };
    throw error;
  }
}

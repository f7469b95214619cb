import { invalid } from '../../base/errors.ts';
import { compareVersions } from '../../base/versions.ts';

/** The newest version whose every visible change is implemented. */
export const API_VERSION = '1.52';
/**
 * The version of a request that names none. It is the newest one that removes no field: 1.52 omits fields on which
 * programs without a version rely, such as a container's address beside those of its networks.
 */
export const UNVERSIONED = '1.51';
/** The oldest supported version. Older clients are refused. */
export const MIN_API_VERSION = '1.24';

/** @throws EngineError invalid in dockerd's words */
export function checkVersion(version: string): void {
  if (compareVersions(version, MIN_API_VERSION) < 0) {
    throw invalid(
      `client version ${version} is too old. Minimum supported API version is ${MIN_API_VERSION}, please upgrade your client to a newer version`,
    );
  }
  if (compareVersions(version, API_VERSION) > 0) {
    throw invalid(`client version ${version} is too new. Maximum supported API version is ${API_VERSION}`);
  }
}

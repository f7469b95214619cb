import { invalid } from '../../base/errors.ts';
import { compareVersions } from '../../base/versions.ts';

/** The newest version whose every visible change is implemented. */
export const API_VERSION = '1.52';
/**
 * What a request without a version gets. The newest that takes nothing away: 1.52 leaves out fields, such as a container's address
 * beside those of its networks, that programs which name no version rely on.
 */
export const UNVERSIONED = '1.51';
/** The oldest that is accepted; clients that ask for less are refused. */
export const MIN_API_VERSION = '1.24';

/** @throws EngineError invalid as dockerd words it */
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

/** The newest version of the API that this client speaks, and the oldest. */
export const CLIENT_API_VERSION = '1.50';
export const CLIENT_API_VERSION_MIN = '1.24';

/** Negative when `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA === majorB ? minorA - minorB : majorA - majorB;
}

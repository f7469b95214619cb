/** The newest version of the API that this client supports, and the oldest. */
export const CLIENT_API_VERSION = '1.50';
export const CLIENT_API_VERSION_MIN = '1.24';

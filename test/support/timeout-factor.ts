/**
 * Factor by which tests extend their timeouts. `npm run test:kernels` sets it, since its emulated machines are slower than
 * a real processor. It does not change the times that a test itself uses.
 */
export const TIMEOUT_FACTOR = Number(process.env['GANTRY_TEST_TIMEOUT_FACTOR'] ?? '1');

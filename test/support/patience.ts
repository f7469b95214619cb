/**
 * How many times longer than on a real processor things may take before a test gives up on them: `npm run test:kernels` sets it in its
 * emulated machines. It changes no test's own times.
 */
export const PATIENCE = Number(process.env['GANTRY_TEST_PATIENCE'] ?? '1');

/** Fifty kills of each operation, where `npm test` has six. */
process.env['GANTRY_TEST_STORE_KILLS'] = '50';
await import('../e2e/store-crash.test.ts');

// Loaded into each process of `npm test`: the cache of compiled sources is for the tests' own code. What they start does
// not have it: an engine under test compiles as it does elsewhere.
delete process.env.NODE_COMPILE_CACHE;

import { flag } from '../flags/flag.ts';

/** docker hides it, and has no other way to pull and push any more. */
export const CONTENT_TRUST = flag('--disable-content-trust', 'bool', 'Skip image verification (no effect)', {
  default: 'true',
  hidden: true,
});

import { flag } from '../flags/flag.ts';

/** docker hides the flag too: it has no effect. */
export const CONTENT_TRUST = flag('--disable-content-trust', 'bool', 'Skip image verification (no effect)', {
  default: 'true',
  hidden: true,
});

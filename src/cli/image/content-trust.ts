import { flag } from '../flags/flag.ts';

/** docker hides it, and has no other way to pull and push any more. */
export const CONTENT_TRUST = flag('--disable-content-trust', 'bool', 'Accepted for compatibility: nothing is signed', {
  default: 'true',
  hidden: true,
});

import { invalid } from '../../base/errors.ts';
import { ownValue } from '../../base/own-value.ts';

/** The codes of RFC 5424, section 6.2.1. */
const FACILITIES: Readonly<Record<string, number>> = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
};

/** Parses a name or number of a facility. @throws EngineError invalid */
export function parseFacility(text: string | undefined): number {
  if (text === undefined || text === '') return 3;
  const code = ownValue(FACILITIES, text) ?? (/^[+-]?\d+$/.test(text) ? Number(text) : -1);
  if (code < 0 || code > 23) throw invalid('invalid syslog facility');
  return code;
}

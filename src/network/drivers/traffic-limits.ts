import { invalid } from '../../base/errors.ts';
import { ENDPOINT_OPTIONS, type EndpointSettings, type TrafficOption, trafficOption } from '../../spec/index.ts';
import type { LinkLimits, RateLimit } from '../kernel/protocol.ts';
import type { NetworkRecord } from '../model/network-record.ts';

/**
 * Limits of an endpoint's traffic, from its driver options. `rate` is for both directions, `rate.in` for traffic to the
 * container, `rate.out` for traffic from it. `burst` is what may pass at once after a pause.
 */

/** 8 kbit and 1 Tbit. */
const RATE_MIN = 1000;
const RATE_MAX = 125_000_000_000;
/** Of a frame beside its packet: the Ethernet header with a VLAN tag. */
const FRAME_BYTES = 18;
/** Without `burst`: what passes in 10 ms, and not less. */
const BURST_MIN = 16 * 1024;
const BURST_MAX = 256 * 1024 * 1024;

interface LimitedLink {
  readonly endpointId: string;
  readonly mtu: number;
}

/**
 * The limits that an endpoint asks for. Undefined for none.
 * @throws EngineError invalid, which names the option
 */
export function trafficLimits({ DriverOpts }: EndpointSettings, link: LimitedLink): LinkLimits | undefined {
  const asked = askedOptions(DriverOpts ?? {});
  const both = asked.rate;
  const toContainer = asked['rate.in'] ?? both;
  const fromContainer = asked['rate.out'] ?? both;
  if (toContainer === undefined && fromContainer === undefined) {
    if (asked.burst !== undefined)
      throw invalid(`invalid endpoint settings:\ndriver option ${asked.burst.key} needs a rate`);
    return undefined;
  }
  const frame = link.mtu + FRAME_BYTES;
  const burst = asked.burst && parseBurst(asked.burst, frame);
  const limit = (rate: Asked | undefined): RateLimit | undefined => rate && rateLimit(parseRate(rate), burst, frame);
  return {
    shaper: `ifb${link.endpointId.slice(0, 11)}`,
    mtu: link.mtu,
    toContainer: limit(toContainer),
    fromContainer: limit(fromContainer),
  };
}

/** The limits of an endpoint that is there. Options of an earlier engine, which ignored them, may be malformed: no limits. */
export function presentLimits(settings: EndpointSettings, link: LimitedLink): LinkLimits | undefined {
  try {
    return trafficLimits(settings, link);
  } catch {
    return undefined;
  }
}

/** For drivers without limits. @throws EngineError invalid */
export function refuseLimits({ driver }: Pick<NetworkRecord, 'driver'>, { DriverOpts }: EndpointSettings): void {
  const [asked] = Object.values(askedOptions(DriverOpts ?? {}));
  if (asked === undefined) return;
  throw invalid(`invalid endpoint settings:\nthe driver ${driver} cannot limit traffic (driver option ${asked.key})`);
}

/** A value, and the option's name as the user wrote it. */
interface Asked {
  readonly key: string;
  readonly value: string;
}

function askedOptions(options: Readonly<Record<string, string>>): Readonly<Partial<Record<TrafficOption, Asked>>> {
  const found: Partial<Record<TrafficOption, Asked>> = {};
  for (const [key, value] of Object.entries(options)) {
    const option = trafficOption(key);
    if (option === undefined) {
      if (!key.startsWith(ENDPOINT_OPTIONS)) continue;
      throw invalid(`invalid endpoint settings:\nunknown driver option ${key}`);
    }
    const other = found[option];
    if (other !== undefined) {
      throw invalid(`invalid endpoint settings:\ndriver options ${other.key} and ${key} are the same`);
    }
    found[option] = { key, value };
  }
  return found;
}

function rateLimit(bytesPerSecond: number, asked: number | undefined, frame: number): RateLimit {
  const burstBytes = asked ?? Math.min(Math.max(Math.ceil(bytesPerSecond / 100), BURST_MIN, 2 * frame), BURST_MAX);
  // Packets wait for 100 ms at most, as long as the queue holds some bursts.
  const queueBytes = Math.min(Math.max(Math.ceil(bytesPerSecond / 10), 2 * burstBytes), 2 * BURST_MAX);
  return { bytesPerSecond, burstBytes, queueBytes };
}

const SCALES: Readonly<Record<string, number>> = {
  ...{ '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 },
  ...{ ki: 2 ** 10, mi: 2 ** 20, gi: 2 ** 30, ti: 2 ** 40 },
};

/** Parses a rate as tc(8) writes it: `10mbit`, `1.5gbit`; `bps` are bytes. Returns bytes per second. */
function parseRate({ key, value }: Asked): number {
  const match = /^(\d{1,15}(?:\.\d{1,9})?)(?:([kmgt]i?)?(bit|bps))?$/i.exec(value);
  const scale = SCALES[match?.[2]?.toLowerCase() ?? ''] ?? 1;
  const bytes = match?.[3]?.toLowerCase() === 'bps' ? 1 : 1 / 8;
  const rate = match === null ? Number.NaN : Math.floor(Number(match[1]) * scale * bytes);
  if (!(rate >= RATE_MIN && rate <= RATE_MAX)) {
    throw malformed({ key, value }, 'a rate from 8kbit to 1tbit, such as 10mbit or 500kbps (bytes)');
  }
  return rate;
}

/** Parses a size as tc(8) writes it: `64kb`, `1mb`; `kbit` are bits. Returns bytes. */
function parseBurst({ key, value }: Asked, frame: number): number {
  const match = /^(\d{1,15}(?:\.\d{1,9})?)([kmg]?)(b|bit)?$/i.exec(value);
  const scale = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }[match?.[2]?.toLowerCase() ?? ''] ?? 1;
  const bytes = match?.[3]?.toLowerCase() === 'bit' ? 1 / 8 : 1;
  const burst = match === null ? Number.NaN : Math.floor(Number(match[1]) * scale * bytes);
  if (!(burst >= frame && burst <= BURST_MAX)) {
    throw malformed({ key, value }, `a size from ${frame} (one frame) to 256mb, such as 64kb`);
  }
  return burst;
}

function malformed({ key, value }: Asked, wanted: string): Error {
  return invalid(
    `invalid endpoint settings:\ninvalid driver option ${key}=${JSON.stringify(value)}: it must be ${wanted}`,
  );
}

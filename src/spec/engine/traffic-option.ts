/** Options of an endpoint that limit its traffic, without their prefix. */
const TRAFFIC_OPTIONS = ['rate', 'rate.in', 'rate.out', 'burst'] as const;
export type TrafficOption = (typeof TRAFFIC_OPTIONS)[number];

/** The prefix of the engine's own options of endpoints. It may be omitted. */
export const ENDPOINT_OPTIONS = 'com.gantry.network.endpoint.';

/** The option that a key of `DriverOpts` means. Undefined for all others. */
export function trafficOption(key: string): TrafficOption | undefined {
  return TRAFFIC_OPTIONS.find((option) => key === option || key === `${ENDPOINT_OPTIONS}${option}`);
}

import { EngineError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import { findLogDriver, type LogDriver, type LogSender, logDriverOf } from '../../../log-drivers/index.ts';
import type { DeliveryState, LogDelivery } from '../../model/log-delivery.ts';
import { containerPaths } from '../../model/paths.ts';
import type { ContainerRecord } from '../../model/record.ts';
import type { World } from '../../world.ts';
import { driverRefusal } from '../driver-refusal.ts';
import { deliveryLimits } from './delivery-limits.ts';
import { Forwarder } from './forwarder.ts';
import { logSubject } from './log-subject.ts';
import { readPosition } from './sent-position.ts';

/** How long a removed container's log is still sent. */
const GRACE_MILLISECONDS = 5000;

/** How long a start waits for a receiver that must be there. */
const VERIFY_MILLISECONDS = 10_000;

export interface LogDeliveriesDeps {
  readonly dataRoot: string;
  readonly logger: Logger;
  readonly hold: (containerId: string, held: boolean) => Promise<void>;
}

/** The forwarders of the containers whose log driver has a receiver. */
export class LogDeliveries implements LogDelivery {
  readonly #deps: LogDeliveriesDeps;
  readonly #forwarders = new Map<string, Forwarder>();
  #isClosed = false;

  constructor(deps: LogDeliveriesDeps) {
    this.#deps = deps;
  }

  async begin(record: ContainerRecord): Promise<void> {
    const driver = receivingDriver(record);
    if (driver === undefined) return;
    const sender = await openVerified(driver, record);
    if (this.#goesOn(record.id)) await sender.close();
    else this.#start(record, driver, sender);
  }

  resume(record: ContainerRecord, runs: boolean): void {
    const driver = receivingDriver(record);
    if (driver === undefined || !record.hasStarted) return;
    const stored = readPosition(containerPaths(this.#deps.dataRoot, record.id).sentLog);
    if (!runs && stored?.complete === true) return;
    if (!this.#goesOn(record.id)) this.#start(record, driver, undefined);
    if (!runs) this.ended(record.id);
  }

  ended(containerId: string): void {
    this.#forwarders.get(containerId)?.end(true);
  }

  async remove(containerId: string): Promise<void> {
    const forwarder = this.#forwarders.get(containerId);
    if (forwarder === undefined) return;
    forwarder.end(true);
    const grace = Promise.withResolvers<void>();
    const timer = setTimeout(grace.resolve, GRACE_MILLISECONDS);
    await Promise.race([forwarder.done, grace.promise]);
    clearTimeout(timer);
    await forwarder.abandon();
    this.#forwarders.delete(containerId);
  }

  state(record: ContainerRecord): DeliveryState | undefined {
    if (receivingDriver(record) === undefined) return undefined;
    const forwarder = this.#forwarders.get(record.id);
    if (forwarder !== undefined) return forwarder.state;
    const stored = readPosition(containerPaths(this.#deps.dataRoot, record.id).sentLog);
    return { dropped: stored?.dropped ?? 0, unsentBytes: 0, error: '' };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#forwarders.values()].map((forwarder) => forwarder.stop()));
    this.#forwarders.clear();
  }

  /** Whether a forwarder still sends the log of an earlier run: it sends the next run's too. */
  #goesOn(containerId: string): boolean {
    const forwarder = this.#forwarders.get(containerId);
    forwarder?.end(false);
    return forwarder !== undefined && !forwarder.isComplete;
  }

  #start(record: ContainerRecord, driver: LogDriver, sender: LogSender | undefined): void {
    if (this.#isClosed) return;
    const { id, name, hostConfig } = record;
    const paths = containerPaths(this.#deps.dataRoot, id);
    const forwarder = new Forwarder(
      {
        facts: { containerId: id, name, driver: driver.name },
        logPath: paths.log,
        positionPath: paths.sentLog,
        limits: deliveryLimits(hostConfig.LogConfig?.Config ?? {}),
        logger: this.#deps.logger,
        openSender: () => openSender(driver, record),
        hold: (held) => this.#deps.hold(id, held),
      },
      sender,
    );
    this.#forwarders.set(id, forwarder);
    void forwarder.done.then(() => {
      if (this.#forwarders.get(id) === forwarder) this.#forwarders.delete(id);
    });
  }
}

/** Names the containers of whose logs messages were dropped. */
export function logWarnings({ table, logDelivery }: Pick<World, 'table' | 'logDelivery'>): readonly string[] {
  return [...table.entries()].flatMap(({ record }) => {
    const dropped = logDelivery.state(record)?.dropped ?? 0;
    if (dropped === 0) return [];
    const driver = logDriverOf(record.hostConfig.LogConfig);
    return [`container ${record.name}: log driver ${driver} has dropped ${dropped} messages`];
  });
}

function receivingDriver({ hostConfig }: ContainerRecord): LogDriver | undefined {
  const driver = findLogDriver(logDriverOf(hostConfig.LogConfig));
  return driver?.openSender === undefined ? undefined : driver;
}

async function openSender(driver: LogDriver, record: ContainerRecord): Promise<LogSender> {
  const sender = driver.openSender?.(await logSubject(record), record.hostConfig.LogConfig?.Config ?? {});
  if (sender === undefined) throw new EngineError('internal', `${driver.name} has no receiver`);
  return sender;
}

/** Opens a sender. Its receiver must be there when the options ask for that. @throws EngineError invalid */
async function openVerified(driver: LogDriver, record: ContainerRecord): Promise<LogSender> {
  try {
    const sender = await openSender(driver, record);
    await sender.verify?.(AbortSignal.timeout(VERIFY_MILLISECONDS)).catch(async (error: unknown) => {
      await sender.close();
      throw error;
    });
    return sender;
  } catch (error) {
    throw driverRefusal(error);
  }
}

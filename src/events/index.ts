export { createEventLog, type EventLog, type EventQuery } from './event-log.ts';

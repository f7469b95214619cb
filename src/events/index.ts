export { type EventFilters, matchesFilters } from './event-filter.ts';
export { createEventLog, type EventLog, type EventQuery } from './event-log.ts';

export { checkLogConfig, checkLogOptions } from './check-log-config.ts';
export { findLogDriver, logDriverNames } from './drivers.ts';
export { keepMilliseconds } from './keep.ts';
export { DEFAULT_LOG_DRIVER, type LogDriver, logDriverOf } from './log-driver.ts';
export type { LogOptions } from './log-options.ts';
export type { LogMessage, LogSender, LogSubject, OpenLogSender } from './log-sender.ts';
export { parseBool, parseInteger, parseSize } from './option-values.ts';
export { DEFAULT_TAG, expandTag } from './tag.ts';

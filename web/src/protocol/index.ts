/**
 * The wire: what the server and the page send each other, over the socket and by REST.
 *
 * Ids are UUIDs, times are ISO 8601 UTC with `Z`. Nothing here runs except the parser of events.
 */
export * from './events';
export * from './frames';
export * from './models';
export * from './people';
export * from './records';
export * from './toolCalls';
export * from './values';

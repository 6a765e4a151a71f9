// TLS alert protocol: RFC 5246 7.2, RFC 8446 6.

export const ALERT_BYTES = 2;

export const AlertLevel = { WARNING: 1, FATAL: 2 } as const;

export const CLOSE_NOTIFY = 0;
export const UNEXPECTED_MESSAGE = 10;
export const DECODE_ERROR = 50;
export const INTERNAL_ERROR = 80;

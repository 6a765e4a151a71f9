// What numbers and texts of a report are. The tags are for the JSON Schema.

/**
 * A whole number from 0 on.
 *
 * @asType integer
 * @minimum 0
 */
export type Count = number;

/**
 * Wireshark's `frame.number`.
 *
 * @asType integer
 * @minimum 1
 */
export type FrameNumber = number;

/**
 * Wireshark's `tcp.stream`.
 *
 * @asType integer
 * @minimum 0
 */
export type StreamNumber = number;

/**
 * A TCP port.
 *
 * @asType integer
 * @minimum 0
 * @maximum 65535
 */
export type Port = number;

/** Unix seconds, with what the capture has of them behind the point; a double holds about a microsecond. */
export type Time = number;

/** A length of time in seconds. */
export type Seconds = number;

/**
 * A share, or what chance alone would give.
 *
 * @minimum 0
 * @maximum 1
 */
export type Probability = number;

/**
 * Lower-case hex digits, two for each byte.
 *
 * @pattern ^([0-9a-f]{2})*$
 */
export type Hex = string;

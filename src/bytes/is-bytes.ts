/** Whether a value is a Uint8Array, also of another realm: a frame of a page, a context of Node. */
export function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array || Object.prototype.toString.call(value) === '[object Uint8Array]';
}

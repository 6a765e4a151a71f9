/** Where records that could not be decrypted are counted, of all connections together. */
export interface Failures {
  failedRecords: number;
}

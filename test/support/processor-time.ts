/** Milliseconds of processor time that something takes, in all threads of this process. The clock would count other tests and programs as well. */
export function processorTime(work: () => void): number {
  const from = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1000;
}

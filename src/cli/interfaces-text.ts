/** What `closenotify interfaces` prints. */
import { type GridRow, grid } from '../report/grid.js';
import { foreign, wrap } from '../report/text.js';

export interface InterfaceList {
  interfaces: readonly InterfaceLine[];
  /** Why nothing can be captured, and what may help; null where it can. */
  problem: { message: string; hints: readonly string[] } | null;
}

interface InterfaceLine {
  name: string;
  description: string | null;
  addresses: readonly string[];
  /** Null where nobody knows. */
  isUp: boolean | null;
  isLoopback: boolean;
}

/** Below this a list is not squeezed. */
const MIN_COLUMNS = 60;

/** The interfaces, one after the other as they are given, and then why nothing can be captured, if so. */
export function interfacesText({ interfaces, problem }: InterfaceList, columns: number): string {
  const width = Math.max(MIN_COLUMNS, columns);
  const lines = interfaces.length === 0 ? ['There is no interface to capture on.'] : interfaceLines(interfaces, width);
  if (problem !== null) {
    lines.push('', ...wrap(`Nothing can be captured: ${foreign(problem.message)}`, width));
    // In one piece, however long: most of them are commands to copy.
    lines.push(...problem.hints.map((hint) => `  - ${foreign(hint)}`));
  }
  return `${lines.join('\n')}\n`;
}

function interfaceLines(interfaces: readonly InterfaceLine[], width: number): string[] {
  const hasDescriptions = interfaces.some(({ description }) => description);
  const columns = ['interface', 'state', 'addresses', ...(hasDescriptions ? ['description'] : [])].map((title) => ({ title }));
  const rows = () =>
    interfaces.map((line): GridRow => {
      const cells = [foreign(line.name), stateWords(line), line.addresses.map((address) => foreign(address)).join(', ') || '-'];
      return hasDescriptions ? [...cells, foreign(line.description ?? '')] : cells;
    });
  return [...grid(columns, rows, width)].flat();
}

function stateWords({ isUp, isLoopback }: InterfaceLine): string {
  const state = isUp === null ? '-' : isUp ? 'up' : 'down';
  return isLoopback ? `${state}, loopback` : state;
}

import { styleText } from 'node:util';

/** Colour of a line. Nothing is told by colour alone: the words always say it too. */
export type Paint = (style: 'title' | 'alarm' | 'warning' | 'good' | 'faint', text: string) => string;

/** `colour` decides, not the stream: the caller knows where the text goes. */
export function painter(colour: boolean): Paint {
  if (!colour) return (_style, text) => text;
  return (style, text) => styleText([...STYLES[style]], text, { validateStream: false });
}

const STYLES = {
  title: ['bold'],
  alarm: ['bold', 'red'],
  warning: ['yellow'],
  good: ['green'],
  faint: ['dim'],
} as const;

/** Completion for fish. */
import { COMMAND_NAMES, COMMANDS, type CommandInfo, SHELLS } from '../commands.js';
import type { Option } from '../options.js';
import { quoted, takesFile } from './quote.js';

export function fishScript(): string {
  const lines = COMMANDS.flatMap((command) => [...command.options.map((option) => optionLine(command, option)), ...operandLines(command)]);
  return `# fish completion of closenotify: closenotify completion fish > ~/.config/fish/completions/closenotify.fish

function __closenotify_is
    set -l words (commandline -opc)
    set -e words[1]
    for word in $words
        if contains -- $word ${COMMAND_NAMES.join(' ')}
            contains -- $word $argv
            return
        end
    end
    contains -- none $argv
end

complete -c closenotify -n '__closenotify_is explain analyze none' -F
complete -c closenotify -n '__closenotify_is live interfaces completion' -f
${COMMANDS.map(({ name, summary }) => `complete -c closenotify -n '__closenotify_is none' -a ${name} -d ${quoted(summary)}`).join('\n')}
${lines.join('\n')}
`;
}

function optionLine({ name }: CommandInfo, option: Option): string {
  const where = name === 'analyze' ? 'analyze none' : name;
  const short = option.short === undefined ? '' : ` -s ${option.short}`;
  return `complete -c closenotify -n '__closenotify_is ${where}' -l ${option.name}${short}${valueWords(option)} -d ${quoted(option.help)}`;
}

function valueWords(option: Option): string {
  if (option.value === undefined) return '';
  if (option.choices) return ` -x -a ${quoted(option.choices.join(' '))}`;
  return takesFile(option) ? ' -r -F' : ' -x';
}

function operandLines({ name, operands }: CommandInfo): string[] {
  return operands.flatMap((operand) => {
    if (operand === 'interface')
      return [`complete -c closenotify -n '__closenotify_is ${name}' -a '(command ls /sys/class/net 2> /dev/null)' -d interface`];
    if (operand === 'shell') return [`complete -c closenotify -n '__closenotify_is ${name}' -a ${quoted(SHELLS.join(' '))}`];
    return [];
  });
}

/** Completion for zsh. */
import { COMMAND_NAMES, COMMANDS, type CommandInfo, type Operand, SHELLS } from '../commands.js';
import type { Option } from '../options.js';
import { quoted, spellings, takesFile } from './quote.js';

export function zshScript(): string {
  return `#compdef closenotify
# zsh completion of closenotify: closenotify completion zsh > "\${fpath[1]}/_closenotify"

_closenotify_first() {
  local -a commands=(
${COMMANDS.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join('\n')}
  )
  _describe -t commands command commands
  _files
}

_closenotify_interfaces() {
  local -a interfaces=(\${(f)"$(command ls /sys/class/net 2> /dev/null || ifconfig -l 2> /dev/null | tr ' ' '\\n')"})
  compadd -a interfaces
}

_closenotify() {
  local command='' i
  for ((i = 2; i < CURRENT; i++)); do
    case $words[i] in
      ${COMMAND_NAMES.join('|')})
        command=$words[i]
        words[i]=()
        ((CURRENT--))
        break
        ;;
    esac
  done
  case $command in
${COMMANDS.map((command) => commandCase(command, command.name)).join('\n')}
${commandCase(COMMANDS[0], "''", ["'1: :_closenotify_first'", "'*:file:_files'"])}
  esac
}

if [ "$funcstack[1]" = _closenotify ]; then
  _closenotify "$@"
else
  compdef _closenotify closenotify
fi
`;
}

function commandCase({ options, operands }: CommandInfo, pattern: string, operandSpecs = operands.map(operandSpec)): string {
  const specs = [...options.map(optionSpec), ...operandSpecs];
  return `    ${pattern})\n      _arguments -S \\\n${specs.map((spec) => `        ${spec}`).join(' \\\n')}\n      ;;`;
}

/** `'(-f --format)'{-f,--format}'[help]:FORMAT:(table json)'`: the forms of _arguments. */
function optionSpec(option: Option): string {
  const names = spellings(option);
  const help = `[${escaped(option.help).replaceAll('[', '\\[').replaceAll(']', '\\]')}]`;
  const value = option.value === undefined ? '' : `:${escaped(option.value)}:${valueAction(option)}`;
  const plain = quoted(help + value);
  const form = (name: string) => `${name}${option.value !== undefined && name.startsWith('--') ? '=' : ''}`;
  if (names.length === 1) return `${form(names[0])}${plain}`;
  return `${quoted(`(${names.join(' ')})`)}{${names.map(form).join(',')}}${plain}`;
}

function valueAction(option: Option): string {
  if (option.choices) return `(${option.choices.join(' ')})`;
  return takesFile(option) ? '_files' : ' ';
}

function operandSpec(operand: Operand, i: number): string {
  if (operand === 'file') return "'*:file:_files'";
  const action = { interface: '_closenotify_interfaces', shell: `(${SHELLS.join(' ')})`, query: ' ' }[operand];
  return quoted(`${i + 1}:${operand}:${action}`);
}

/** Colons part the forms. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll(':', '\\:');
}

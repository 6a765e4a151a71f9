/** Completion for bash, 3.2 (macOS) and later. */
import { COMMAND_NAMES, COMMANDS, type CommandInfo, SHELLS } from '../commands.js';
import { quoted, spellings, takesFile } from './quote.js';

export function bashScript(): string {
  return `# bash completion of closenotify: source <(closenotify completion bash)

_closenotify_words() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$1" -- "$2"))
}

_closenotify_files() {
  local name
  while IFS= read -r name; do COMPREPLY+=("$name"); done < <(compgen -f -- "$1")
  compopt -o filenames 2> /dev/null
}

_closenotify_interfaces() {
  # compgen -W would expand what is in a name
  local name
  while IFS= read -r name; do
    if [[ $name == "$1"* ]]; then COMPREPLY+=("$(printf %q "$name")"); fi
  done < <(command ls /sys/class/net 2> /dev/null || ifconfig -l 2> /dev/null | tr ' ' '\\n')
}

_closenotify() {
  local cur=\${COMP_WORDS[COMP_CWORD]} command='' operands=0 i=1 last=''
  COMPREPLY=()
  # bash breaks words at =
  local count=$COMP_CWORD
  if [[ $cur == '=' ]]; then cur=''; fi
  while ((i < count)); do
    last=''
    case \${COMP_WORDS[i]} in
      =) ;;
      ${valued().join(' | ')})
        last=\${COMP_WORDS[i]}
        i=$((i + 1))
        if [[ $i -le $count && \${COMP_WORDS[i]} == '=' ]]; then i=$((i + 1)); fi
        ;;
      -?*) ;;
      ${COMMAND_NAMES.join(' | ')})
        if [[ -z $command && $operands -eq 0 ]]; then command=\${COMP_WORDS[i]}; else operands=$((operands + 1)); fi
        ;;
      *) operands=$((operands + 1)) ;;
    esac
    i=$((i + 1))
  done
  if ((i <= count)); then last=''; fi
  case \${command:-analyze},$last in
${COMMANDS.flatMap(valueCases).join('\n')}
    *,-*) return ;;
  esac
  if [[ $cur == -* ]]; then
    case \${command:-analyze} in
${COMMANDS.map(({ name, options }) => `      ${name}) _closenotify_words ${words(options.flatMap((o) => spellings(o)))} "$cur" ;;`).join('\n')}
    esac
    return
  fi
  case $command,$operands in
    ,0)
      _closenotify_words ${words(COMMAND_NAMES)} "$cur"
      _closenotify_files "$cur"
      ;;
${COMMANDS.flatMap(operandCases).join('\n')}
    ,*) _closenotify_files "$cur" ;;
  esac
}

complete -F _closenotify closenotify
`;
}

/** Each option that has a value, of whatever command. */
function valued(): string[] {
  return [...new Set(COMMANDS.flatMap(({ options }) => options.flatMap((o) => (o.value === undefined ? [] : spellings(o)))))];
}

function valueCases({ name, options }: CommandInfo): string[] {
  return options.flatMap((option) => {
    const action = option.choices
      ? `_closenotify_words ${words(option.choices)} "$cur"`
      : takesFile(option)
        ? '_closenotify_files "$cur"'
        : null;
    if (action === null) return [];
    return [
      `    ${spellings(option)
        .map((spelling) => `${name},${spelling}`)
        .join(' | ')}) ${action}; return ;;`,
    ];
  });
}

function operandCases({ name, operands }: CommandInfo): string[] {
  return operands.flatMap((operand, i) => {
    const action = {
      file: '_closenotify_files "$cur"',
      interface: '_closenotify_interfaces "$cur"',
      shell: `_closenotify_words ${words(SHELLS)} "$cur"`,
      query: null,
    }[operand];
    const place = operand === 'file' ? '*' : String(i);
    return action === null ? [`    ${name},${i}) ;;`] : [`    ${name},${place}) ${action} ;;`];
  });
}

/** One word to bash, a line each to compgen. */
function words(list: readonly string[]): string {
  return `$${quoted(list.join('\\n'))}`;
}

/**
 * Completion in bash, zsh and fish: a shell's script asks `specsim --complete WORDS`, whose last word is the one under the
 * cursor, and shows the lines that it gets: a word, a tab and what it means.
 */
import type { Control } from '../scenario/kinds.ts';
import { type Argument, type Command, text } from './command.ts';

type Candidate = readonly [word: string, about: string];

const named = (words: readonly string[]): Candidate[] => words.map((word) => [word, '']);

/** The words that could stand at the end; none where any may, such as a file. */
export async function complete(
  typed: readonly string[],
  commands: ReadonlyMap<string, Command>,
): Promise<Candidate[]> {
  // Bash breaks words at an equals sign.
  const words = typed.filter((word, i) => word !== '=' || i === typed.length - 1);
  if (words.at(-1) === '=') words[words.length - 1] = '';
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const command =
    before.length === 0
      ? undefined
      : (commands.get(before.slice(0, 2).join(' ')) ?? commands.get(before[0]!));
  const behind = before.slice(command === undefined ? before.length : command.name.split(' ').length);
  if (command === undefined || (behind.length === 0 && !current.startsWith('-'))) {
    const next = before.join(' ') === '' ? '' : `${before.join(' ')} `;
    const below = [...commands.values()].filter(({ name }) => name.startsWith(next));
    const found = below.map(
      ({ name, describe }): Candidate => [name.slice(next.length).split(' ')[0]!, describe],
    );
    const choices = command === undefined ? [] : await argumentsOf(command.takes?.[0]);
    return startingWith(current, [...new Map(found), ...choices]);
  }
  const [, inWord, value] = /^--([\w-]+)=(.*)$/s.exec(current) ?? [];
  const flag = inWord ?? flagBefore(behind, command);
  if (flag !== undefined) {
    if (!Object.hasOwn(command.flags, flag)) return [];
    const { choices, control } = command.flags[flag]!;
    const values = choices === undefined ? await valuesOf(control) : named(choices);
    const found = listed(value ?? current, values, control?.kind === 'name' && control.of === 'method');
    return inWord === undefined ? found : found.map(([word, about]) => [`--${inWord}=${word}`, about]);
  }
  if (current.startsWith('-')) {
    const shown = Object.entries(command.flags).filter(
      ([name, { hidden, holds }]) =>
        hidden !== true && (holds === 'list' || holds === 'pairs' || !before.includes(`--${name}`)),
    );
    return startingWith(
      current,
      shown.map(([name, { describe }]) => [`--${name}`, describe]),
    );
  }
  return startingWith(current, await argumentsOf(command.takes?.[argumentsIn(behind, command)]));
}

/** The flag whose value comes next. */
function flagBefore(behind: readonly string[], { flags }: Command): string | undefined {
  const name = /^--([\w-]+)$/.exec(behind.at(-1) ?? '')?.[1];
  return name !== undefined && Object.hasOwn(flags, name) && flags[name]!.holds !== 'switch'
    ? name
    : undefined;
}

function argumentsIn(behind: readonly string[], command: Command): number {
  return behind.filter(
    (word, i) => !word.startsWith('-') && flagBefore(behind.slice(0, i), command) === undefined,
  ).length;
}

async function argumentsOf(argument: Argument | undefined): Promise<Candidate[]> {
  return named(argument?.choices ?? []);
}

/** Values of a list are completed one by one, and so are the parts of a method that is made of others. */
function listed(current: string, values: readonly Candidate[], ofMethods: boolean): Candidate[] {
  const [done] = (ofMethods ? /^.*[,:+]/ : /^.*,/).exec(current) ?? [''];
  const taken = done.slice(done.lastIndexOf(',', done.length - 2) + 1).split(/[:+]/);
  const inside = /[:+]$/.test(done);
  const open = values.filter(([word]) =>
    inside
      ? !word.endsWith(':') && word !== 'none' && !taken.includes(word)
      : !done.split(',').includes(word),
  );
  return startingWith(current.slice(done.length), open).map(([word, about]) => [`${done}${word}`, about]);
}

const startingWith = (start: string, candidates: readonly Candidate[]): Candidate[] =>
  candidates.filter(([word]) => word.startsWith(start));

async function valuesOf(control: Control | undefined): Promise<Candidate[]> {
  if (control?.kind === 'pick') return named(control.values);
  return control?.kind === 'name' ? namesOf(control.of) : [];
}

const CATALOGUES = {
  gpu: 'gpus',
  engine: 'engines',
  model: 'models',
  method: 'methods',
  trace: 'traces',
} as const;

async function namesOf(of: Extract<Control, { kind: 'name' }>['of']): Promise<Candidate[]> {
  if (of === 'workload') return [];
  if (of === 'policy') {
    const { POLICY_FORMS } = await import('../policy/policies.ts');
    return named(POLICY_FORMS.map((form) => form.replace(/:.*$/, ':')));
  }
  const { catalogue } = await import('../node/catalogue.ts');
  const entries = await catalogue(CATALOGUES[of]);
  const found = entries.map((entry): Candidate => {
    const [name, about] = Object.values(entry);
    // A trace of a target that is not the lender's is asked for with it; prefixes of methods take another behind.
    const word = of === 'trace' ? `${entry.target}/${entry.trace}` : name!.replace(/<.*$/, '');
    return [word, about!];
  });
  // best:<method> and best:<a>+<b> begin alike.
  return [...new Map(found)];
}

/** What readline replaces is what stands behind the last of the characters at which it breaks words. */
const BASH = `_specsim() {
  local line=\${COMP_LINE:0:COMP_POINT} word kept
  local -a words
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  word=\${words[\${#words[@]}-1]}
  kept=\${word%"\${word##*[=:]}"}
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do COMPREPLY+=("\${word#"$kept"}"); done < <(specsim --complete "\${words[@]:1}" 2>/dev/null)
  [[ \${COMPREPLY[0]} == *: ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -o default -F _specsim specsim
`;

const ZSH = `#compdef specsim
_specsim() {
  local -a lines found about
  local line
  lines=("\${(@f)$(specsim --complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $lines; do
    found+=("\${line%%$'\\t'*}")
    about+=("\${line/$'\\t'/  }")
  done
  if (( $#found )); then compadd -l -d about -a found; else _files; fi
}
if [[ $funcstack[1] == _specsim ]]; then _specsim "$@"; elif (( $+functions[compdef] )); then compdef _specsim specsim; fi
`;

const FISH = `function __specsim_complete
  set -l before (commandline -opc)
  set -l word (commandline -ct)
  set -l found (specsim --complete $before[2..-1] "$word" 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path "$word"
  end
end
complete -c specsim -f -a '(__specsim_complete)'
`;

const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

export const completionCommand: Command = {
  name: 'completion',
  describe: 'a script for bash, zsh or fish that completes commands, options and names',
  takes: [{ word: '<shell>', describe: 'the shell', choices: Object.keys(SCRIPTS) }],
  expected: 'bash, zsh or fish',
  flags: {},
  examples: [
    'specsim completion bash >> ~/.bashrc',
    'specsim completion fish > ~/.config/fish/completions/specsim.fish',
  ],
  async run(given) {
    process.stdout.write(SCRIPTS[text(given, 'shell')!]!);
  },
};

import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { accountsLine } from '#scripts/accounts/accounts-line.ts';
import { platformLine } from '#scripts/platform/platform-line.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const PROGRAMS: Readonly<Record<string, Command>> = {
  platform: platformLine().program,
  accounts: accountsLine().program,
};

/**
 * Returns the operators' commands in a page: those after `npm run NAME --`, and shortened ones in a table cell that
 * begins with such a line.
 */
function commandsIn(page: string): readonly (readonly [program: string, line: string])[] {
  return [...page.matchAll(/`npm run (platform|accounts) -- ([^`]+)`/g)].map(([, program = '', line = '']) => [
    program,
    line,
  ]);
}

/** Returns the command that a line names, and the line's options that the command does not have. */
function resolve(program: Command, line: string): { readonly command: Command; readonly unknown: readonly string[] } {
  const words = line.split(' ');
  let command = program;
  for (const word of words) {
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined) break;
    command = next;
  }
  const options = words.filter((word) => word.startsWith('--'));
  return { command, unknown: options.filter((option) => !command.options.some(({ long }) => long === option)) };
}

test.each(['README.md', 'infra/README.md'])('every command of the runbook in %s exists, with its options', (page) => {
  const commands = commandsIn(readFileSync(path.join(ROOT, page), 'utf8'));

  expect(commands.length).toBeGreaterThan(10);
  for (const [name, line] of commands) {
    const program = PROGRAMS[name];
    if (program === undefined) throw new Error(`There is no program ${name}.`);
    const { command, unknown } = resolve(program, line);
    // A group only has subcommands, so a line must name one of them.
    expect(command.commands, line).toEqual([]);
    expect(command, line).not.toBe(program);
    expect(unknown, line).toEqual([]);
  }
});

test('every command of the desk has examples in its help, and each example is a command that exists', () => {
  const program = platformLine().program;
  const leaves = (command: Command): readonly Command[] =>
    command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);

  for (const leaf of leaves(program)) {
    let help = '';
    leaf.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    const examples = [...help.matchAll(/npm run platform -- (.+)/g)].map(([, line = '']) => line);
    expect(examples.length, leaf.name()).toBeGreaterThan(0);
    for (const line of examples) {
      const { command, unknown } = resolve(program, line.replaceAll(/"[^"]*"/g, 'x'));
      expect(command.name(), line).toBe(leaf.name());
      expect(unknown, line).toEqual([]);
    }
  }
});

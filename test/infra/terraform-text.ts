import { blocks, terraformFiles } from './terraform-sources.ts';

/** The text of an argument in a block of `infra/*.tf`, as Terraform reads it, expressions and all. */
export function argumentOf(block: string, argument: string): string {
  return quotedAfter(blocks().find(({ labels }) => labels.join('.') === block)?.body ?? '', argument, block);
}

/** The text of a local or of a member of one. */
export function localOf(file: string, name: string): string {
  return quotedAfter(terraformFiles().find((each) => each.name === file)?.text ?? '', name, file);
}

/** To the end of its line: an argument is the last on it. */
function quotedAfter(text: string, name: string, place: string): string {
  const [, quoted] = new RegExp(`^ *${name} *= "(.*)"$`, 'm').exec(text) ?? [];
  if (quoted === undefined) throw new Error(`${place} has no text ${name}.`);
  return quoted.replaceAll('\\"', '"');
}

/** A template of Terraform with these values for its expressions; throws for an expression without a value. */
export function filledTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\$\{([^{}]*)\}/g, (_, expression: string) => {
    const value = values[expression];
    if (value === undefined) throw new Error(`No value for \${${expression}}.`);
    return value;
  });
}

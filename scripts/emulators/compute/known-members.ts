import { badRequest } from './compute-error.ts';
import { MESSAGES } from './data/messages.ts';
import { isJsonObject } from './json-object.ts';
import type { JsonObject } from './json-object.ts';

/** The members of each message, each with the message that it holds. */
const MEMBERS: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map(
  Object.entries(MESSAGES).map(([message, members]) => [
    message,
    new Map(
      members.split(' ').map((member) => {
        const [name = '', type = ''] = member.split(':');
        return [name, type] as const;
      }),
    ),
  ]),
);

/**
 * Throws the error of Google's front end for a body with an unknown member. Without this check a misspelt member would
 * be ignored without notice.
 */
export function checkMembers(body: JsonObject, message: string, path = ''): void {
  const members = MEMBERS.get(message);
  if (members === undefined) throw new Error(`There is no message ${message}.`);
  for (const [name, value] of Object.entries(body)) {
    const type = members.get(name);
    if (type === undefined) {
      const where = path === '' ? '' : ` at '${path}'`;
      throw badRequest(
        `Invalid JSON payload received. Unknown name ${JSON.stringify(name)}${where}: Cannot find field.`,
      );
    }
    if (type !== '') checkMember(value, type, path === '' ? name : `${path}.${name}`);
  }
}

function checkMember(value: unknown, type: string, path: string): void {
  if (Array.isArray(value)) {
    value.forEach((item: unknown, index) => checkMember(item, type, `${path}[${index}]`));
    return;
  }
  // Values of the wrong type are refused by the readers of the members.
  if (!isJsonObject(value)) return;
  if (!type.startsWith('{}')) {
    checkMembers(value, type, path);
    return;
  }
  for (const [key, item] of Object.entries(value)) checkMember(item, type.slice(2), `${path}[${key}]`);
}
